// A tiny model that writes common words in any order, for tests of the page that ask no more of it.

/** The likeliest first, whatever stands before them. */
const WORDS =
  "sea house garden river window morning light old road door quiet water trees wind stone evening bridge village " +
  "mountain rain street letter kitchen market summer winter table music silver field boat harbour cloud forest";

const N_EMBD = 32;
const N_POSITIONS = 512;
/** Far above the logits of other tokens, which are 0. */
const WORD_LOGIT = 12;
/** Sentences of about four words, so that none repeats itself: the page would not show a repetition. */
const STOP_LOGIT = 13;

/** One block whose weights are zero, and a last LayerNorm that lets through nothing but its bias: the words' logits. */
const CONFIG = {
  model_type: "gpt2",
  vocab_size: 50257,
  n_positions: N_POSITIONS,
  n_embd: N_EMBD,
  n_layer: 1,
  n_head: 1,
  bos_token_id: 50256,
  eos_token_id: 50256,
};

/**
 * @param {string} tokenizer tokenizer.json of GPT-2
 * @returns {{config: Buffer, weights: Buffer}} config.json and model.safetensors
 */
export function tinyModel(tokenizer) {
  const { vocab } = JSON.parse(tokenizer).model;
  const wte = new Float32Array(CONFIG.vocab_size * N_EMBD);
  wte[vocab["."] * N_EMBD] = STOP_LOGIT;
  for (const [i, word] of WORDS.split(" ").entries()) wte[vocab[`Ġ${word}`] * N_EMBD] = WORD_LOGIT - i / 20;
  const bias = new Float32Array(N_EMBD);
  bias[0] = 1;
  const zeros = (/** @type {number[]} */ ...shape) => ({
    shape,
    values: new Float32Array(shape.reduce((size, n) => size * n)),
  });
  const n_inner = 4 * N_EMBD;
  const weights = safetensors({
    "wte.weight": { shape: [CONFIG.vocab_size, N_EMBD], values: wte },
    "wpe.weight": zeros(N_POSITIONS, N_EMBD),
    "h.0.ln_1.weight": zeros(N_EMBD),
    "h.0.ln_1.bias": zeros(N_EMBD),
    "h.0.attn.c_attn.weight": zeros(N_EMBD, 3 * N_EMBD),
    "h.0.attn.c_attn.bias": zeros(3 * N_EMBD),
    "h.0.attn.c_proj.weight": zeros(N_EMBD, N_EMBD),
    "h.0.attn.c_proj.bias": zeros(N_EMBD),
    "h.0.ln_2.weight": zeros(N_EMBD),
    "h.0.ln_2.bias": zeros(N_EMBD),
    "h.0.mlp.c_fc.weight": zeros(N_EMBD, n_inner),
    "h.0.mlp.c_fc.bias": zeros(n_inner),
    "h.0.mlp.c_proj.weight": zeros(n_inner, N_EMBD),
    "h.0.mlp.c_proj.bias": zeros(N_EMBD),
    "ln_f.weight": zeros(N_EMBD),
    "ln_f.bias": { shape: [N_EMBD], values: bias },
  });
  return { config: Buffer.from(JSON.stringify(CONFIG)), weights };
}

/** @param {Record<string, {shape: number[], values: Float32Array}>} tensors */
function safetensors(tensors) {
  let offset = 0;
  const entries = Object.entries(tensors).map(([name, { shape, values }]) => {
    const begin = offset;
    offset += values.byteLength;
    return [name, { dtype: "F32", shape, data_offsets: [begin, offset] }];
  });
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, ...Object.values(tensors).map(({ values }) => Buffer.from(values.buffer))]);
}
