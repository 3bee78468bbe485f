"""GPT-2 as GGUF Q8_0, quantising the same tensors as llama.cpp's own quantiser."""

import gguf
import numpy as np

from checkpoint import N_EMBD, N_HEAD, N_LAYER, N_POSITIONS

NORMS = {"ln_1": "attn_norm", "ln_2": "ffn_norm"}
MATRICES = {"attn.c_attn": "attn_qkv", "attn.c_proj": "attn_output", "mlp.c_fc": "ffn_up", "mlp.c_proj": "ffn_down"}


def write_q8_0(weights, bpe, path):
    """`bpe`: the "model" of tokenizer.json, with its vocabulary and merges."""
    writer = gguf.GGUFWriter(path, "gpt2")
    writer.add_block_count(N_LAYER)
    writer.add_context_length(N_POSITIONS)
    writer.add_embedding_length(N_EMBD)
    writer.add_feed_forward_length(4 * N_EMBD)
    writer.add_head_count(N_HEAD)
    writer.add_layer_norm_eps(1e-5)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    add_tokenizer(writer, bpe)

    def add_q8_0(name, matrix):
        kind = gguf.GGMLQuantizationType.Q8_0
        writer.add_tensor(name, gguf.quantize(np.ascontiguousarray(matrix), kind), raw_dtype=kind)

    def add_norm(theirs, ours):
        writer.add_tensor(f"{theirs}.weight", weights[f"{ours}.weight"])
        writer.add_tensor(f"{theirs}.bias", weights[f"{ours}.bias"])

    add_q8_0("token_embd.weight", weights["wte.weight"])
    writer.add_tensor("position_embd.weight", weights["wpe.weight"])
    for layer in range(N_LAYER):
        for ours, theirs in NORMS.items():
            add_norm(f"blk.{layer}.{theirs}", f"h.{layer}.{ours}")
        for ours, theirs in MATRICES.items():
            # Conv1D stores (in, out); ggml multiplies rows.
            add_q8_0(f"blk.{layer}.{theirs}.weight", weights[f"h.{layer}.{ours}.weight"].T)
            writer.add_tensor(f"blk.{layer}.{theirs}.bias", weights[f"h.{layer}.{ours}.bias"])
    add_norm("output_norm", "ln_f")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def add_tokenizer(writer, bpe):
    tokens = sorted(bpe["vocab"], key=bpe["vocab"].get)
    control = tokens.index("<|endoftext|>")
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types(
        [gguf.TokenType.CONTROL if id == control else gguf.TokenType.NORMAL for id in range(len(tokens))]
    )
    writer.add_token_merges([merge if isinstance(merge, str) else " ".join(merge) for merge in bpe["merges"]])
    writer.add_bos_token_id(control)
    writer.add_eos_token_id(control)
    writer.add_add_bos_token(False)
