// The models that the page offers, with their files pinned by revision, size and SHA-256.

/** @import { Model, ModelFile } from "../engine/protocol.js" */
/** @import { StringKey } from "../strings/strings.js" */

/** @typedef {Model & {licence: string, quality: StringKey}} ListedModel `licence`: SPDX; `quality`: a line on how it writes */

/**
 * @param {string} path below this folder
 * @param {number} bytes
 * @param {string} sha256
 * @returns {ModelFile}
 */
const bundled = (path, bytes, sha256) => ({ url: bundledUrl(path), bytes, sha256 });

/** @param {string} path */
const bundledUrl = (path) => new URL(`./${path}`, import.meta.url).href;

/** @param {string} repository "owner/name@revision" on the Hugging Face hub */
const hub = (repository) => {
  const [id, revision] = repository.split("@");
  /**
   * @param {string} file
   * @param {number} bytes
   * @param {string} sha256
   * @returns {ModelFile}
   */
  return (file, bytes, sha256) => ({ url: `https://huggingface.co/${id}/resolve/${revision}/${file}`, bytes, sha256 });
};

const distilgpt2 = hub("distilbert/distilgpt2@2290a62682d06624634c1f46a6ad5be0f47f38aa");
const gpt2 = hub("openai-community/gpt2@607a30d783dfa663caf39e06633721c8d4cfcd7e");

// The same bytes in all three repositories, so the page bundles it.
const tokenizer = bundled(
  "gpt2-tokenizer/tokenizer.json",
  1_355_256,
  "8414cab924d8b9b33013f0d221c5862f365ee9be39c5c2bfae8a5a9e970478a6",
);

/** @type {readonly ListedModel[]} */
export const MODELS = [
  {
    id: "pocket-gpt2",
    title: "Pocket GPT-2",
    licence: "Apache-2.0",
    quality: "quality_pocket",
    dtype: "q8",
    files: {
      config: bundled(
        "pocket-gpt2/config.json",
        334,
        "2c9d3740d465587d0e6a6a32bd655032311b0a4bf7762078a24b5a14849ae058",
      ),
      tokenizer,
      weights: bundled(
        "pocket-gpt2/model.safetensors",
        24_015_016,
        "dd307d4fc86913dbd3f7c6cf958ef12dcb42c26adb3490bdbbbb3fe41797ede9",
      ),
    },
    golden: null,
  },
  {
    id: "distilbert/distilgpt2",
    title: "DistilGPT2",
    licence: "Apache-2.0",
    quality: "quality_distilgpt2",
    dtype: "q8",
    files: {
      config: distilgpt2("config.json", 762, "4ec5947c1d59fee6212cdf3b0ec1a53eac02092554c5ff0a733488cbd2c64f3a"),
      tokenizer,
      weights: distilgpt2(
        "model.safetensors",
        352_824_413,
        "e1ff18884359fe8beb795a5f414feb85a6ce3d929ad019c0d958c039d2b94a1b",
      ),
    },
    golden: bundledUrl("distilgpt2-golden.json"),
  },
  {
    id: "openai-community/gpt2",
    title: "GPT-2",
    licence: "MIT",
    quality: "quality_gpt2",
    dtype: "q8",
    files: {
      // The hub publishes no SHA-256 of so small a file, so the page has its own; weights of another shape are refused.
      config: bundled("gpt2/config.json", 298, "fbf79916c4a9d395fd4f251197854fd6631dd124ab53266e84df1a770912f71c"),
      tokenizer,
      weights: gpt2(
        "model.safetensors",
        548_105_171,
        "248dfc3911869ec493c76e65bf2fcf7f615828b0254c12b473182f0f81d3a707",
      ),
    },
    golden: null,
  },
];

/**
 * @param {string} id
 * @returns {ListedModel}
 * @throws {RangeError} listing the known ids
 */
export function modelById(id) {
  const model = MODELS.find((candidate) => candidate.id === id);
  if (model === undefined) {
    throw new RangeError(`model must be one of ${MODELS.map((row) => row.id).join(", ")}; got ${id}`);
  }
  return model;
}
