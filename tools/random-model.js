// GPT-2 checkpoints with random weights, for benchmarks: speed does not depend on the values.
//   node tools/random-model.js FOLDER   writes one of DistilGPT2's shape

import { createWriteStream } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";

/** The shape in DistilGPT2's config.json. */
export const DISTILGPT2 = {
  model_type: "gpt2",
  vocab_size: 50257,
  n_positions: 1024,
  n_embd: 768,
  n_layer: 6,
  n_head: 12,
  bos_token_id: 50256,
  eos_token_id: 50256,
};

/** The shape in GPT-2 XL's config.json: 6.2 GB in float32. */
export const GPT2_XL = { ...DISTILGPT2, n_embd: 1600, n_layer: 48, n_head: 25 };

const PART_LEN = 1 << 20;

/**
 * @param {typeof DISTILGPT2} config
 * @returns {[string, number[]][]} names and shapes, as in the published checkpoint
 */
function tensors({ vocab_size, n_positions, n_embd: d, n_layer }) {
  /** @type {[string, number[]][]} */
  const list = [
    ["wte.weight", [vocab_size, d]],
    ["wpe.weight", [n_positions, d]],
    ["ln_f.weight", [d]],
    ["ln_f.bias", [d]],
  ];
  for (let i = 0; i < n_layer; i++) {
    for (const [name, nIn, nOut] of /** @type {const} */ ([
      ["attn.c_attn", d, 3 * d],
      ["attn.c_proj", d, d],
      ["mlp.c_fc", d, 4 * d],
      ["mlp.c_proj", 4 * d, d],
    ])) {
      list.push([`h.${i}.${name}.weight`, [nIn, nOut]], [`h.${i}.${name}.bias`, [nOut]]);
    }
    for (const norm of ["ln_1", "ln_2"]) list.push([`h.${i}.${norm}.weight`, [d]], [`h.${i}.${norm}.bias`, [d]]);
  }
  return list;
}

/**
 * The bytes of model.safetensors, the same in every run.
 * @param {typeof DISTILGPT2} config
 * @returns {Generator<Uint8Array>}
 */
export function* randomCheckpoint(config) {
  /** @type {Record<string, object>} */
  const header = {};
  let end = 0;
  for (const [name, shape] of tensors(config)) {
    const begin = end;
    end += 4 * product(shape);
    header[name] = { dtype: "F32", shape, data_offsets: [begin, end] };
  }
  const headerBytes = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(headerBytes.length));
  yield length;
  yield headerBytes;
  let state = 1;
  for (const [name, shape] of tensors(config)) {
    for (let left = product(shape); left > 0; left -= PART_LEN) {
      const values = new Float32Array(Math.min(left, PART_LEN));
      if (/ln_.*weight/.test(name)) values.fill(1);
      else if (name.endsWith("weight")) {
        for (let i = 0; i < values.length; i++) {
          // Xorshift (Marsaglia 2003), uniform, with the variance of GPT-2's normal(0, 0.02).
          state ^= state << 13;
          state ^= state >>> 17;
          state ^= state << 5;
          values[i] = (state / 2 ** 31) * 0.035;
        }
      }
      yield new Uint8Array(values.buffer);
    }
  }
}

/** @param {number[]} shape */
const product = (shape) => shape.reduce((all, n) => all * n, 1);

/** @param {string} folder for config.json and model.safetensors, 328 MB */
async function writeRandomModel(folder) {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "config.json"), JSON.stringify(DISTILGPT2, null, 2));
  await pipeline(Readable.from(randomCheckpoint(DISTILGPT2)), createWriteStream(join(folder, "model.safetensors")));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeRandomModel(process.argv[2]);
