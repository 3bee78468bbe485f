// pipeline("text-generation", id), as other pages use it.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { pipelineWith } from "../../../www/api.js";

/** @type {any[]} every call of the client */
let calls;
/** @type {Error | null} */
let loadError;
let onLoad = () => {};
beforeEach(() => {
  onLoad = () => {};
  calls = [];
  loadError = null;
});

const pipeline = pipelineWith(
  () =>
    /** @type {any} */ ({
      load: async (/** @type {any} */ model, /** @type {any} */ options) => {
        calls.push(["load", model.id, options]);
        options.onProgress({ receivedBytes: 1, totalBytes: null, fromNetwork: true });
        options.onProgress({ receivedBytes: 50, totalBytes: 200, fromNetwork: true });
        onLoad();
        if (loadError !== null) throw loadError;
      },
      generate: async (/** @type {any} */ ...args) => {
        calls.push(["generate", ...args]);
        return [0, 1, 2].map((sequence) => ({ sequence, generated_text: `Once upon ${sequence}`, n_tokens: 2 }));
      },
      terminate: () => calls.push(["terminate"]),
    }),
);

test("loads the model, with progress in percent where the size is known", async () => {
  const { signal } = new AbortController();
  /** @type {unknown[]} */
  const progress = [];
  await pipeline("text-generation", "distilbert/distilgpt2", {
    dtype: "f32",
    signal,
    progress_callback: (state) => progress.push(state),
  });
  const [[, id, options]] = calls;
  assert.equal(id, "distilbert/distilgpt2");
  assert.equal(options.dtype, "f32");
  assert.equal(options.signal, signal);
  assert.deepEqual(progress, [
    { status: "progress", name: id, loaded: 1, total: null, progress: null },
    { status: "progress", name: id, loaded: 50, total: 200, progress: 25 },
  ]);
});

test("passes the text and Hugging Face's parameters on, and gives generated_text", async () => {
  const generator = await pipeline("text-generation", "pocket-gpt2");
  const { signal } = new AbortController();
  const on_token = () => {};
  const result = await generator("Once", { max_new_tokens: 5, num_return_sequences: 3, signal, on_token });
  assert.deepEqual(
    result,
    [0, 1, 2].map((i) => ({ generated_text: `Once upon ${i}` })),
  );
  const [, text, config, options] = calls[1];
  assert.equal(text, "Once");
  assert.deepEqual(config, { max_new_tokens: 5, num_return_sequences: 3 });
  assert.deepEqual(options, { signal, onToken: on_token });
  assert.equal((await generator("Once")).length, 3, "and needs none of them");
});

test("dispose ends the worker", async () => {
  const generator = await pipeline("text-generation", "pocket-gpt2");
  generator.dispose();
  assert.deepEqual(calls.at(-1), ["terminate"]);
});

test("a load that fails is rejected and leaves no worker behind", async () => {
  loadError = new Error("no network");
  await assert.rejects(pipeline("text-generation", "pocket-gpt2"), loadError);
  assert.deepEqual(calls.at(-1), ["terminate"]);
});

test("a load that is cancelled too late to stop leaves no worker behind either", async () => {
  const controller = new AbortController();
  onLoad = () => controller.abort();
  await assert.rejects(pipeline("text-generation", "pocket-gpt2", { signal: controller.signal }), {
    name: "AbortError",
    code: "aborted",
  });
  assert.deepEqual(calls.at(-1), ["terminate"]);
});

test("other tasks, models and texts are refused by name", async () => {
  await assert.rejects(pipeline(/** @type {any} */ ("summarization"), "pocket-gpt2"), {
    code: "unknown_task",
    message: 'task must be "text-generation", got "summarization"',
  });
  await assert.rejects(pipeline("text-generation", "gpt3"), /distilbert\/distilgpt2.*got gpt3/);
  assert.deepEqual(calls, []);
  const generator = await pipeline("text-generation", "pocket-gpt2");
  await assert.rejects(generator(/** @type {any} */ (["a", "b"])), /text must be a string/);
});
