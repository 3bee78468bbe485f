// Stand-ins for a model: its files, a network that serves them, and the WebAssembly module that reads them.

import { createHash } from "node:crypto";
import { EngineError } from "../../www/engine/errors.js";
import { sha256 } from "./fakes.js";

/** @import { OpenFile, Session } from "../../www/pkg/plain/engine.js" */
/** @import { Dtype, Model, Score, Work } from "../../www/engine/protocol.js" */

/**
 * A model and a network that serves its files.
 * @param {string} [site]
 * @param {string | null} [golden]
 */
export function fakeModel(site = "https://hub.test", golden = null) {
  const text = { config: '{"n_layer": 6}', tokenizer: '{"version": "1.0"}', weights: "weights ".repeat(1000) };
  const files = new Map();
  /** @param {string} name @param {string} content */
  const file = (name, content) => {
    const url = `${site}/${name}`;
    files.set(name, content);
    return { url, bytes: content.length, sha256: sha256(Buffer.from(content)) };
  };
  /** @type {Model} */
  const model = {
    id: "owner/name",
    title: "A model",
    dtype: "q8",
    files: {
      config: file("config.json", text.config),
      tokenizer: file("tokenizer.json", text.tokenizer),
      weights: file("model.safetensors", text.weights),
    },
    golden,
  };
  files.set("golden.json", "golden: the logits");
  /** @type {string[]} */
  const requests = [];
  /** @type {typeof globalThis.fetch} */
  const fetch = async (url, init) => {
    init?.signal?.throwIfAborted();
    requests.push(String(url));
    const bytes = new TextEncoder().encode(files.get(String(url).split("/").at(-1)));
    const middle = bytes.length >> 1;
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(bytes.slice(0, middle));
        controller.enqueue(bytes.slice(middle));
        controller.close();
      },
    });
    return new Response(body);
  };
  return { model, text, requests, fetch };
}

/** The WebAssembly module: a session's steps are those of `script`, and thrown if they are errors. */
export class FakeWasm {
  /** @type {"plain"} */
  build = "plain";
  threads = 1;
  /** @type {unknown[]} */
  script = [];
  /** @type {Work} */
  work = { n_prompt_tokens: 9, n_reused_tokens: 6, n_tokens: 3, ms: 20 };
  /** @type {unknown[]} */
  scoreScript = [];
  /** @type {FakeScorer[]} */
  scorers = [];
  /** @type {Uint8Array[]} */
  pushed = [];
  /** @type {Error | null} */
  pushError = null;
  isGolden = true;
  /** @type {Error | null} */
  checkError = null;
  /** @type {{config_json: string, dtype: string, freed: boolean}[]} */
  builders = [];
  /** @type {FakeSession[]} */
  sessions = [];

  Sha256 = class {
    #hash = createHash("sha256");
    /** @param {Uint8Array | number[]} bytes */
    update(bytes) {
      this.#hash.update(Uint8Array.from(bytes));
    }
    hex() {
      return this.#hash.digest("hex");
    }
    free() {}
    [Symbol.dispose]() {}
  };

  /** @type {{freed: boolean}[]} */
  packed = [];
  /** @type {Error | null} thrown by finishing a packed model */
  finishError = null;
  /** @type {Error | null} thrown by packing */
  packError = null;
  PackedModel = packedModelClass(this);
  PackedWriter = packedWriterClass(this);

  startHash = async () => new this.Sha256();

  ModelBuilder = builderClass(this);
}

/** @param {FakeWasm} wasm */
function builderClass(wasm) {
  return class {
    #record;
    /** @param {string} config_json @param {Dtype} dtype */
    constructor(config_json, dtype) {
      this.#record = { config_json, dtype, freed: false };
      wasm.builders.push(this.#record);
    }
    /** @param {Uint8Array | number[]} bytes */
    push(bytes) {
      if (wasm.pushError !== null) throw wasm.pushError;
      wasm.pushed.push(Uint8Array.from(bytes));
    }
    /** @param {Uint8Array | number[]} tokenizer_json */
    finish(tokenizer_json) {
      const session = new FakeSession(wasm, this.#record.dtype, tokenizer_json);
      wasm.sessions.push(session);
      return session;
    }
    free() {
      this.#record.freed = true;
    }
    [Symbol.dispose]() {
      this.free();
    }
  };
}

/** A packed file: a header that names config and weights, and two parts of five bytes. */
const HEADER_LEN = 100;
const PARTS = ["first", "other"];
/** @param {string} config_json @param {string} weights */
const packedFile = (config_json, weights) => [`${config_json} ${weights}`.padEnd(HEADER_LEN), ...PARTS];

/** @param {FakeWasm} wasm */
function packedModelClass(wasm) {
  return class {
    /** @type {string} */
    #content;
    #read;
    freed = false;

    /** @param {OpenFile} file @param {string} config_json @param {string} weights */
    constructor(file, config_json, weights) {
      this.#content = packedFile(config_json, weights).join("");
      this.#read = readText(file, 0, HEADER_LEN);
      if (!this.#content.startsWith(this.#read) || file.getSize() !== this.#content.length)
        throw new EngineError("packed", {}, "the packed model was made from other files");
      wasm.packed.push(this);
    }
    /** @param {OpenFile} file */
    read_next(file) {
      const part = readText(file, this.#read.length, 5);
      if (part === "") return undefined;
      this.#read += part;
      return this.#read.length;
    }
    /** @param {Uint8Array | number[]} tokenizer_json */
    finish(tokenizer_json) {
      if (wasm.finishError !== null) throw wasm.finishError;
      if (this.#read !== this.#content) throw new EngineError("packed", {}, "the packed model is damaged");
      const session = new FakeSession(wasm, "q8", tokenizer_json);
      wasm.sessions.push(session);
      return session;
    }
    free() {
      this.freed = true;
    }
    [Symbol.dispose]() {
      this.free();
    }
  };
}

/** @param {OpenFile} file @param {number} at @param {number} length */
function readText(file, at, length) {
  const bytes = new Uint8Array(length);
  return new TextDecoder().decode(bytes.subarray(0, file.read(bytes, { at })));
}

/** @param {FakeWasm} wasm */
function packedWriterClass(wasm) {
  return class {
    #parts;
    #length = 0;

    /** @param {unknown} _session @param {string} config_json @param {string} weights */
    constructor(_session, config_json, weights) {
      this.#parts = packedFile(config_json, weights);
    }
    /** @param {unknown} _session @param {OpenFile} file */
    write_next(_session, file) {
      if (wasm.packError !== null) throw wasm.packError;
      const part = this.#parts.shift();
      if (part === undefined) return undefined;
      file.write(new TextEncoder().encode(part), { at: this.#length });
      this.#length += part.length;
      return this.#length;
    }
    free() {}
    [Symbol.dispose]() {}
  };
}

export class FakeSession {
  n_positions = 256;
  n_parameters = 17;
  size_bytes = 34;
  freed = false;
  /** @type {string | null} the known logits of its check */
  checked = null;
  /** @type {unknown[]} */
  begun = [];
  #steps = /** @type {unknown[]} */ ([]);
  #wasm;

  /** @param {FakeWasm} wasm @param {Dtype} dtype @param {Uint8Array | number[]} tokenizer_json */
  constructor(wasm, dtype, tokenizer_json) {
    this.#wasm = wasm;
    this.dtype = dtype;
    this.tokenizer_json = tokenizer_json;
  }

  /** @param {string} prompt @param {string} generation_config_json @param {number} now_ms */
  begin(prompt, generation_config_json, now_ms) {
    if (this.freed) throw new Error("begin on a session that was freed");
    this.begun.push({ prompt, generation_config: JSON.parse(generation_config_json), now_ms });
    this.#steps = [...this.#wasm.script];
  }

  /** @param {string} before @param {string} after @param {string} generation_config_json @param {number | null | undefined} gate @param {number} now_ms */
  suggest(before, after, generation_config_json, gate, now_ms) {
    if (before === "") return false;
    this.begin(before, generation_config_json, now_ms);
    this.begun.push({ after, gate });
    return true;
  }

  /** @returns {any} */
  step() {
    if (this.freed) throw new Error("step on a session that was freed");
    const event = this.#steps.shift();
    if (event instanceof Error) throw event;
    return event;
  }

  work() {
    if (this.freed) throw new Error("work of a session that was freed");
    return this.#wasm.work;
  }

  scorer() {
    const scorer = new FakeScorer(this.#wasm.scoreScript);
    this.#wasm.scorers.push(scorer);
    return scorer;
  }

  /** @param {string} golden_json */
  check(golden_json) {
    if (this.#wasm.checkError !== null) throw this.#wasm.checkError;
    this.checked = golden_json;
    return this.#wasm.isGolden;
  }

  free() {
    this.freed = true;
  }

  [Symbol.dispose]() {
    this.free();
  }
}

export class FakeScorer {
  freed = false;
  /** @type {{before: string, text: string}[]} */
  begun = [];
  #script;
  #steps = /** @type {unknown[]} */ ([]);

  /** @param {unknown[]} script */
  constructor(script) {
    this.#script = script;
  }

  /** @param {unknown} _session @param {string} before @param {string} text */
  begin(_session, before, text) {
    if (this.freed) throw new Error("begin on a scorer that was freed");
    this.begun.push({ before, text });
    this.#steps = [...this.#script];
  }

  /** @param {Session} session @returns {any} */
  step(session) {
    if (this.freed || /** @type {FakeSession} */ (session).freed) throw new Error("step with what was freed");
    const scores = this.#steps.shift();
    if (scores instanceof Error) throw scores;
    return scores;
  }

  free() {
    this.freed = true;
  }

  [Symbol.dispose]() {
    this.free();
  }
}

/** @param {string} text @returns {Score} */
export const scoreOf = (text) => ({ text, log_probability: -1, top: [{ text: "a", log_probability: -0.5 }] });
