// Stand-ins for a model: its files with a network that has them, and the WebAssembly module that reads them.

import { createHash } from "node:crypto";
import { EngineError } from "../../www/engine/errors.js";
import { sha256 } from "./fakes.js";

/**
 * A model and a network that has its files.
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
  /** @type {import("../../www/engine/protocol.js").Model} */
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
  /** @type {import("../../www/engine/protocol.js").Work} */
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
    /** @param {Uint8Array} bytes */
    update(bytes) {
      this.#hash.update(bytes);
    }
    hex() {
      return this.#hash.digest("hex");
    }
  };

  /** @type {{freed: boolean}[]} */
  packed = [];
  /** @type {Error | null} what finishing a packed model throws */
  finishError = null;
  PackedModel = packedModelClass(this);

  startHash = async () => new this.Sha256();

  ModelBuilder =
    /** @type {new (config_json: string, dtype: string) => import("../../www/engine/loading/loader.js").ModelBuilder} */ (
      /** @type {unknown} */ (this.#builderClass())
    );

  #builderClass() {
    const wasm = this;
    return class {
      #record;
      /** @param {string} config_json @param {string} dtype */
      constructor(config_json, dtype) {
        this.#record = { config_json, dtype, freed: false };
        wasm.builders.push(this.#record);
      }
      /** @param {Uint8Array} bytes */
      push(bytes) {
        if (wasm.pushError !== null) throw wasm.pushError;
        wasm.pushed.push(bytes.slice());
      }
      /** @param {Uint8Array} tokenizer_json */
      finish(tokenizer_json) {
        const session = new FakeSession(wasm, this.#record.dtype, tokenizer_json);
        wasm.sessions.push(session);
        return session;
      }
      free() {
        this.#record.freed = true;
      }
    };
  }
}

/** Reads what FakeSession packs: a header that names config and weights, and two parts of five bytes. */
function packedModelClass(/** @type {FakeWasm} */ wasm) {
  const text = new TextDecoder();
  return class {
    static header_len = () => HEADER_LEN;
    #parts = [new Uint8Array(5), new Uint8Array(5)];

    /** @param {Uint8Array} header @param {number} file_len @param {string} config_json @param {string} weights */
    constructor(header, file_len, config_json, weights) {
      const isGood = text.decode(header) === packedHeader(config_json, weights) && file_len === HEADER_LEN + 10;
      if (!isGood) throw new EngineError("packed", {}, "the packed model was made from other files");
      wasm.packed.push(this);
    }
    freed = false;
    /** @param {number} i */
    part(i) {
      return this.#parts[i];
    }
    /** @param {Uint8Array} tokenizer_json */
    finish(tokenizer_json) {
      if (wasm.finishError !== null) throw wasm.finishError;
      if (this.#parts.map((part) => text.decode(part)).join() !== PARTS.join())
        throw new EngineError("packed", {}, "damaged");
      const session = new FakeSession(wasm, "q8", tokenizer_json);
      wasm.sessions.push(session);
      return session;
    }
    free() {
      this.freed = true;
    }
  };
}

const HEADER_LEN = 100;
const PARTS = ["first", "other"];
/** @param {string} config_json @param {string} weights */
const packedHeader = (config_json, weights) => `${config_json} ${weights}`.padEnd(HEADER_LEN);

export class FakeSession {
  n_positions = 256;
  n_parameters = 17;
  size_bytes = 34;
  freed = false;
  /** @type {string | null} the known logits it was checked against */
  checked = null;
  /** @type {unknown[]} */
  begun = [];
  #steps = /** @type {unknown[]} */ ([]);
  #wasm;

  /** @param {FakeWasm} wasm @param {string} dtype @param {Uint8Array} tokenizer_json */
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

  /** @param {string} before @param {string} after @param {string} generation_config_json @param {number | undefined} gate @param {number} now_ms */
  suggest(before, after, generation_config_json, gate, now_ms) {
    if (before === "") return false;
    this.begin(before, generation_config_json, now_ms);
    this.begun.push({ after, gate });
    return true;
  }

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

  /** @param {string} config_json @param {string} weights */
  packed_header(config_json, weights) {
    return new TextEncoder().encode(packedHeader(config_json, weights));
  }

  /** @param {number} i */
  packed_part(i) {
    return PARTS[i] === undefined ? undefined : new TextEncoder().encode(PARTS[i]);
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

  /** @param {import("../../www/engine/loading/loader.js").Session} session @returns {any} */
  step(session) {
    if (this.freed || /** @type {FakeSession} */ (session).freed) throw new Error("step with what was freed");
    const scores = this.#steps.shift();
    if (scores instanceof Error) throw scores;
    return scores;
  }

  free() {
    this.freed = true;
  }
}

/** @param {string} text @returns {import("../../www/engine/protocol.js").Score} */
export const scoreOf = (text) => ({ text, log_probability: -1, top: [{ text: "a", log_probability: -0.5 }] });
