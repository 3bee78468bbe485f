// Writes a GPT-2 checkpoint of DistilGPT2's shape with random weights, for measurements: speed does not depend on the values.

import { createWriteStream } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { finished } from "node:stream/promises";

/** The shape in DistilGPT2's config.json. */
const CONFIG = {
  model_type: "gpt2",
  vocab_size: 50257,
  n_positions: 1024,
  n_embd: 768,
  n_layer: 6,
  n_head: 12,
  bos_token_id: 50256,
  eos_token_id: 50256,
};

/** @returns {[string, number[]][]} names and shapes, as in the published file */
function tensors() {
  const { vocab_size, n_positions, n_embd: d, n_layer } = CONFIG;
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
 * @param {string} folder gets config.json and model.safetensors, 328 MB
 */
export async function writeRandomModel(folder) {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "config.json"), JSON.stringify(CONFIG, null, 2));
  /** @type {Record<string, object>} */
  const header = {};
  let end = 0;
  for (const [name, shape] of tensors()) {
    const begin = end;
    end += 4 * shape.reduce((product, n) => product * n, 1);
    header[name] = { dtype: "F32", shape, data_offsets: [begin, end] };
  }
  const headerBytes = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(headerBytes.length));
  const file = createWriteStream(join(folder, "model.safetensors"));
  const write = async (/** @type {Uint8Array} */ bytes) => {
    if (!file.write(bytes)) await new Promise((resolve) => file.once("drain", () => resolve(undefined)));
  };
  await write(length);
  await write(headerBytes);
  let state = 1;
  for (const [name, shape] of tensors()) {
    const values = new Float32Array(shape.reduce((product, n) => product * n, 1));
    if (/ln_.*weight/.test(name)) values.fill(1);
    else if (name.endsWith("weight")) {
      for (let i = 0; i < values.length; i++) {
        // Xorshift (Marsaglia 2003), spread as widely as GPT-2's normal(0, 0.02).
        state ^= state << 13;
        state ^= state >>> 17;
        state ^= state << 5;
        values[i] = (state / 2 ** 31) * 0.035;
      }
    }
    await write(new Uint8Array(values.buffer));
  }
  file.end();
  await finished(file);
}
