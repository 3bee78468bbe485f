// Downloads from a hub that behaves, and from one that fails in every way we know.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { download } from "../../www/engine/download.js";
import { EngineError } from "../../www/engine/errors.js";
import { startHub } from "../hub/server.js";
import { browserFetch } from "./browser-fetch.js";
import { FakeDirectory, FakeSleep, FakeWasm, noise, sha256, turn } from "./fakes.js";

/** @import { Hub } from "../hub/server.js" */
/** @import { ModelFile } from "../../www/engine/protocol.js" */

const PATH = "/owner/name/resolve/abc/model.safetensors";
const BYTES = noise(300_000);
const CUT = 90_000; // where the hub's failing connections end: 30 %

/** @type {Hub} */
let hub;
/** @type {FakeDirectory} */
let directory;
/** @type {FakeSleep} */
let clock;
/** @type {ModelFile} */
let file;

before(async () => {
  hub = await startHub();
});
after(() => hub.close());
beforeEach(() => {
  hub.mend(PATH);
  hub.requests = [];
  directory = new FakeDirectory();
  clock = new FakeSleep();
  file = { url: hub.addFile(PATH, BYTES), bytes: BYTES.length, sha256: sha256(BYTES) };
});

/**
 * @param {Partial<Parameters<typeof download>[1] & Parameters<typeof download>[2]> & {file?: ModelFile}} [options]
 */
async function get(options = {}) {
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const parts = [];
  /** @type {{received: number, total: number | null, fromNetwork: boolean}[]} */
  const progress = [];
  const { onProgress, sink } = options;
  const result = download(
    options.file ?? file,
    {
      fetch: options.fetch ?? browserFetch,
      storage: options.storage === undefined ? directory.storage : options.storage,
      sleep: clock.sleep,
      createSha256: () => new (new FakeWasm().Sha256)(),
    },
    {
      sink: (bytes) => {
        sink?.(bytes);
        parts.push(bytes.slice());
      },
      onProgress: (received, total, fromNetwork) => {
        progress.push({ received, total, fromNetwork });
        onProgress?.(received, total, fromNetwork);
      },
      signal: options.signal ?? new AbortController().signal,
    },
  );
  const received = async () => new Uint8Array(await new Blob(parts).arrayBuffer());
  return result.then(
    async (value) => ({ ...value, error: null, bytes: await received(), progress }),
    async (/** @type {EngineError} */ error) => ({ error, kept: false, notice: null, bytes: await received(), progress }),
  );
}

/** @param {Awaited<ReturnType<typeof get>>} outcome */
function assertWhole(outcome) {
  assert.equal(outcome.error, null);
  assert.ok(Buffer.from(outcome.bytes).equals(BYTES), "the bytes are the file's, once each and in order");
}

const storageRanges = () => hub.requests.filter(({ server }) => server === "storage").map(({ range }) => range);
const stored = () => directory.files.get(sha256(BYTES));
const isComplete = () => directory.files.has(`${sha256(BYTES)}.complete`);

describe("a hub that behaves", () => {
  test("streams the file with progress up to its size, and keeps it", async () => {
    const outcome = await get();
    assertWhole(outcome);
    assert.ok(outcome.progress.length > 1, "in more than one part");
    assert.deepEqual(outcome.progress.at(-1), { received: BYTES.length, total: BYTES.length, fromNetwork: true });
    assert.ok(outcome.progress.every(({ received, total }) => received <= Number(total)));
    assert.equal(outcome.kept, true);
    assert.equal(outcome.notice, null);
    assert.deepEqual(stored(), BYTES);
    assert.ok(isComplete());
    assert.equal(directory.open.size, 0, "nothing stays locked");
  });

  test("a second visit reads what is kept, without the network", async () => {
    await get();
    const outcome = await get({ fetch: () => Promise.reject(new Error("the network was used")) });
    assertWhole(outcome);
    assert.equal(outcome.kept, true);
    assert.ok(outcome.progress.every(({ fromNetwork }) => !fromNetwork));
  });

  test("without storage the file is loaded all the same", async () => {
    const outcome = await get({ storage: null });
    assertWhole(outcome);
    assert.equal(outcome.kept, false);
  });

  test("an empty file is a file", async () => {
    const empty = { url: hub.addFile("/owner/name/resolve/abc/empty.safetensors", new Uint8Array()), bytes: 0, sha256: sha256(new Uint8Array()) };
    const outcome = await get({ file: empty });
    assert.equal(outcome.error, null);
    assert.equal(outcome.bytes.length, 0);
  });
});

describe("damage", () => {
  test("a file cut short is refused by its size, and not kept", async () => {
    hub.fail(PATH, "wrong_length");
    const { error } = await get();
    assert.equal(error?.code, "wrong_size");
    assert.match(error.message, /model\.safetensors .*wrong size.*load it again/);
    assert.equal(directory.files.size, 0);
  });

  test("a file too long is refused before its end", async () => {
    const { error, bytes } = await get({ file: { ...file, bytes: 100_000 } });
    assert.equal(error?.code, "wrong_size");
    assert.ok(bytes.length <= 100_000);
    assert.equal(directory.files.size, 0);
  });

  test("one wrong bit is refused by the hash, and not kept", async () => {
    hub.fail(PATH, "flipped_byte");
    const { error } = await get();
    assert.equal(error?.code, "wrong_hash");
    assert.ok(error.message.includes(sha256(BYTES)), "names the hash that was expected");
    assert.equal(directory.files.size, 0);
  });

  test("a kept file that was damaged since is deleted, and the next load gets it anew", async () => {
    await get();
    const damaged = BYTES.slice();
    damaged[1234] ^= 1;
    directory.files.set(sha256(BYTES), damaged);
    assert.equal((await get()).error?.code, "wrong_hash");
    assert.equal(directory.files.size, 0);
    assertWhole(await get());
  });

  test("what WebAssembly refuses is not kept either", async () => {
    const refusal = new EngineError("safetensors", "no header");
    const { error } = await get({
      sink: () => {
        throw refusal;
      },
    });
    assert.equal(error, refusal);
    assert.equal(directory.files.size, 0);
    assert.equal(directory.open.size, 0);
  });
});

describe("broken connections", () => {
  test("a connection cut at 30 % is resumed from there", async () => {
    hub.fail(PATH, "cut", { times: 1 });
    const outcome = await get();
    assertWhole(outcome);
    assert.deepEqual(storageRanges(), [undefined, `bytes=${CUT}-`]);
    assert.deepEqual(clock.waitsMs, [500]);
    assert.ok(isComplete());
  });

  test("a server that ignores Range is heard out, and its first bytes skipped", async () => {
    hub.fail(PATH, "cut", { times: 1 });
    hub.fail(PATH, "ignore_range");
    const outcome = await get();
    assertWhole(outcome);
    assert.equal(outcome.progress.at(-1)?.received, BYTES.length);
  });

  test("a connection that never gets further ends in an error; what came is kept for the next load", async () => {
    hub.fail(PATH, "cut");
    hub.fail(PATH, "ignore_range");
    const { error } = await get();
    assert.equal(error?.code, "connection_lost");
    assert.deepEqual(clock.waitsMs, [500, 1000, 2000, 4000]);
    assert.equal(stored()?.length, CUT);
    assert.ok(!isComplete());

    hub.mend(PATH);
    hub.requests = [];
    const outcome = await get();
    assertWhole(outcome);
    assert.deepEqual(storageRanges(), [`bytes=${CUT}-`]);
    assert.ok(isComplete());
  });

  test("a silent connection is given up after 30 seconds and resumed", async () => {
    hub.fail(PATH, "stall", { times: 1 });
    const outcome = await get({
      onProgress: (received) => {
        if (received === CUT) setImmediate(() => clock.stall());
      },
    });
    assertWhole(outcome);
    assert.deepEqual(storageRanges(), [undefined, `bytes=${CUT}-`]);
  });

  test("a server that never answers is unreachable", async () => {
    const outcome = get({ fetch: () => new Promise(() => {}) });
    await turn();
    for (let attempt = 0; attempt <= 4; attempt++) {
      clock.stall();
      await turn();
    }
    assert.equal((await outcome).error?.code, "connection_lost");
  });

  test("a partial file that is whole but for its mark needs no network", async () => {
    directory.files.set(sha256(BYTES), BYTES);
    const outcome = await get({ fetch: () => Promise.reject(new Error("the network was used")) });
    assertWhole(outcome);
    assert.ok(isComplete());
  });

  test("a partial file that belongs to another is found out by the hash", async () => {
    directory.files.set(sha256(BYTES), noise(1000).map((byte) => byte ^ 1));
    assert.equal((await get()).error?.code, "wrong_hash");
    assertWhole(await get());
  });
});

describe("cancelling", () => {
  test("in the middle: the reason is thrown, what came is kept, the next load goes on from it", async () => {
    const controller = new AbortController();
    const reason = new EngineError("aborted", "Cancelled.");
    const first = await get({
      signal: controller.signal,
      onProgress: (received) => {
        if (received >= 50_000) controller.abort(reason);
      },
    });
    assert.equal(first.error, reason);
    const partBytes = Number(stored()?.length);
    assert.ok(partBytes >= 50_000 && partBytes < BYTES.length);

    hub.requests = [];
    const second = await get();
    assertWhole(second);
    assert.deepEqual(storageRanges(), [`bytes=${partBytes}-`]);
    assert.equal(second.progress[0].fromNetwork, false);
    assert.equal(second.progress.at(-1)?.fromNetwork, true);
  });

  test("before the start, while reading what is kept, and while waiting to try again", async () => {
    const reason = new EngineError("aborted", "Cancelled.");
    assert.equal((await get({ signal: AbortSignal.abort(reason) })).error, reason);

    await get();
    const reading = new AbortController();
    assert.equal((await get({ signal: reading.signal, onProgress: () => reading.abort(reason) })).error, reason);
    assert.ok(isComplete(), "a kept file stays");

    directory = new FakeDirectory();
    hub.fail(PATH, "cut");
    const waiting = new AbortController();
    const { sleep } = clock;
    clock.sleep = async (ms, signal) => {
      if (ms < 30_000) waiting.abort(reason);
      return sleep(ms, signal);
    };
    assert.equal((await get({ signal: waiting.signal })).error, reason);
    assert.equal(stored()?.length, CUT);
  });

  test("a silent connection", async () => {
    hub.fail(PATH, "stall");
    const controller = new AbortController();
    const { error } = await get({
      signal: controller.signal,
      onProgress: (received) => {
        if (received === CUT) setImmediate(() => controller.abort(new EngineError("aborted", "Cancelled.")));
      },
    });
    assert.equal(error?.code, "aborted");
    assert.equal(stored()?.length, CUT);
  });
});

describe("refusals", () => {
  for (const [status, code] of /** @type {const} */ ([
    [404, "not_found"],
    [401, "forbidden"],
    [403, "forbidden"],
    [418, "http_error"],
  ])) {
    test(`${status} is ${code}, at once`, async () => {
      hub.fail(PATH, "status", { status });
      const { error } = await get();
      assert.equal(error?.code, code);
      assert.match(error.message, new RegExp(`model\\.safetensors.*HTTP ${status}.*(Choose|Load)`));
      assert.equal(storageRanges().length, 1);
    });
  }

  test("429 waits as long as Retry-After says", async () => {
    hub.fail(PATH, "status", { status: 429, retryAfter: "2", times: 1 });
    assertWhole(await get());
    assert.deepEqual(clock.waitsMs, [2000]);
  });

  test("429 with an hour to wait is an error that says so", async () => {
    hub.fail(PATH, "status", { status: 429, retryAfter: "3600" });
    const { error } = await get();
    assert.equal(error?.code, "busy");
    assert.match(error.message, /HTTP 429.*in 3600 seconds/);
    assert.deepEqual(clock.waitsMs, []);
  });

  test("503 without a word, or with a date, waits as after a broken connection, and gives up in the end", async () => {
    hub.fail(PATH, "status", { status: 503, retryAfter: "Wed, 21 Oct 2026 07:28:00 GMT", times: 1 });
    hub.fail(PATH, "status", { status: 503 });
    assert.equal((await get()).error?.code, "busy");
    assert.deepEqual(clock.waitsMs, [500, 1000, 2000, 4000]);
  });

  test("a site without CORS headers is named, at once", async () => {
    hub.fail(PATH, "no_cors");
    const { error } = await get();
    assert.equal(error?.code, "unreachable");
    assert.match(error.message, /CORS/);
    assert.deepEqual(clock.waitsMs, []);
  });

  test("no network is an error at once; in the middle of a file it is waited for", async () => {
    const { error } = await get({ fetch: () => Promise.reject(new TypeError("Failed to fetch")) });
    assert.equal(error?.code, "unreachable");
    assert.deepEqual(clock.waitsMs, []);

    hub.fail(PATH, "cut", { times: 1 });
    let calls = 0;
    const flaky = /** @type {typeof fetch} */ (
      (...request) => (++calls === 2 ? Promise.reject(new TypeError("Failed to fetch")) : browserFetch(...request))
    );
    assertWhole(await get({ fetch: flaky }));
    assert.deepEqual(clock.waitsMs, [500, 1000]);
  });
});

describe("what the headers say", () => {
  test("a compressed body never shows more than 100 %", async () => {
    const zeros = new Uint8Array(300_000);
    const path = "/owner/name/resolve/abc/config.json";
    const config = { url: hub.addFile(path, zeros), bytes: zeros.length, sha256: sha256(zeros) };
    hub.fail(path, "gzip");
    const pinned = await get({ file: config });
    assert.equal(pinned.error, null);
    assert.ok(pinned.progress.every(({ received, total }) => total === zeros.length && received <= total));

    // Content-Encoding is not among the headers that CORS shows, so Content-Length is believed until it is passed.
    const unpinned = await get({ file: { ...config, bytes: null, sha256: null } });
    assert.equal(unpinned.error, null);
    assert.equal(unpinned.bytes.length, zeros.length);
    assert.ok(unpinned.progress.every(({ received, total }) => total === null || received <= total));
    assert.equal(unpinned.progress.at(-1)?.total, null);
    hub.mend(path);
  });

  test("without a published hash the file is kept, and the reader told", async () => {
    const outcome = await get({ file: { ...file, bytes: null, sha256: null } });
    assertWhole(outcome);
    assert.equal(outcome.kept, true);
    assert.match(String(outcome.notice), /model\.safetensors .*could not be verified/);
    assert.equal(outcome.progress.at(-1)?.total, BYTES.length);

    const again = await get({ file: { ...file, bytes: null, sha256: null }, fetch: () => Promise.reject(new Error("network")) });
    assertWhole(again);
  });

  test("where X-Linked-ETag and X-Linked-Size can be read, they count", async () => {
    const linked = (/** @type {string} */ tag) =>
      /** @type {typeof fetch} */ (
        async (...request) => {
          const response = await browserFetch(...request);
          const headers = new Headers(response.headers);
          headers.set("X-Linked-ETag", tag);
          headers.set("X-Linked-Size", String(BYTES.length));
          return new Response(response.body, { status: response.status, headers });
        }
      );
    const unpinned = { ...file, bytes: null, sha256: null };
    for (const tag of [`"${sha256(BYTES)}"`, `W/"${sha256(BYTES)}"`, sha256(BYTES)]) {
      directory = new FakeDirectory();
      const outcome = await get({ file: unpinned, fetch: linked(tag) });
      assertWhole(outcome);
      assert.equal(outcome.notice, null, tag);
    }
    directory = new FakeDirectory();
    assert.equal((await get({ file: unpinned, fetch: linked(`"${"0".repeat(64)}"`) })).error?.code, "wrong_hash");
    assert.match(String((await get({ file: unpinned, fetch: linked(`"${"0".repeat(40)}"`) })).notice, "a git hash"), /verified/);
  });

  test("without a hash, a broken file is resumed only if its ETag stayed the same", async () => {
    const unpinned = { ...file, bytes: null, sha256: null };
    hub.fail(PATH, "cut", { times: 1 });
    assertWhole(await get({ file: unpinned }));

    directory = new FakeDirectory();
    hub.fail(PATH, "cut", { times: 1 });
    const changing = /** @type {typeof fetch} */ (
      async (url, init) => {
        const response = await browserFetch(url, init);
        hub.addFile(PATH, BYTES.map((byte) => byte ^ 255));
        return response;
      }
    );
    assert.equal((await get({ file: unpinned, fetch: changing })).error?.code, "changed");
    assert.equal(directory.files.size, 0, "half of it is worth nothing");
  });
});

describe("storage that fails", () => {
  test("a quota that runs out in the middle costs the keeping, not the load", async () => {
    directory.quotaBytes = 120_000;
    const outcome = await get();
    assertWhole(outcome);
    assert.equal(outcome.kept, false);
    assert.match(String(outcome.notice), /could not be kept.*full.*next visit downloads it again.*free some space/);
    assert.equal(directory.files.size, 0, "the space is given back");
  });

  test("a second tab loads beside the first and does not touch what it writes", async () => {
    const writer = await directory.storage.append(sha256(BYTES), 0);
    writer?.write(BYTES.slice(0, 1000));
    const outcome = await get();
    assertWhole(outcome);
    assert.equal(outcome.kept, false);
    assert.match(String(outcome.notice), /Another tab/);
    assert.equal(stored()?.length, 1000);

    writer?.write(BYTES.slice(1000));
    await writer?.commit();
    assertWhole(await get({ fetch: () => Promise.reject(new Error("the network was used")) }));
  });

  test("a kept file that cannot be read comes from the network again", async () => {
    await get();
    directory.readError = new DOMException("gone", "NotReadableError");
    const outcome = await get();
    assertWhole(outcome);
    assert.equal(outcome.kept, true);
  });
});
