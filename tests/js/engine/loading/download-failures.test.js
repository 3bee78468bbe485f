// Downloads that are interrupted, cancelled or refused.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { EngineError } from "../../../../www/engine/errors.js";
import { sayError } from "../../../../www/strings/errors.js";
import { browserFetch } from "../../browser-fetch.js";
import { FakeDirectory, noise, sha256, turn } from "../../fakes.js";
import { assertWhole, BYTES, CUT, DownloadHarness, noNetwork, PATH } from "./download-harness.js";

/** @type {DownloadHarness} */
let h;

before(async () => {
  h = await DownloadHarness.start();
});
after(() => h.hub.close());
beforeEach(() => h.reset());

describe("broken connections", () => {
  test("a connection cut at 30 % is resumed from there", async () => {
    h.hub.fail(PATH, "cut", { times: 1 });
    const outcome = await h.get();
    assertWhole(outcome);
    assert.deepEqual(h.ranges, [undefined, `bytes=${CUT}-`]);
    assert.deepEqual(h.clock.waitsMs, [500]);
    assert.ok(h.isComplete);
  });

  test("from a server that ignores Range, the bytes already there are skipped", async () => {
    h.hub.fail(PATH, "cut", { times: 1 });
    h.hub.fail(PATH, "ignore_range");
    const outcome = await h.get();
    assertWhole(outcome);
    assert.equal(outcome.progress.at(-1)?.received, BYTES.length);
  });

  test("a connection that makes no progress ends in an error, and the next load continues the file", async () => {
    h.hub.fail(PATH, "cut");
    h.hub.fail(PATH, "ignore_range");
    const { error } = await h.get();
    assert.equal(error?.code, "connection_lost");
    assert.deepEqual(h.clock.waitsMs, [500, 1000, 2000, 4000]);
    assert.equal(h.stored?.length, CUT);
    assert.ok(!h.isComplete);

    h.hub.mend(PATH);
    h.hub.requests = [];
    const outcome = await h.get();
    assertWhole(outcome);
    assert.deepEqual(h.ranges, [`bytes=${CUT}-`]);
    assert.ok(h.isComplete);
  });

  test("a stalled connection is dropped after 30 seconds and resumed", async () => {
    h.hub.fail(PATH, "stall", { times: 1 });
    const outcome = await h.get({
      onProgress: (received) => {
        if (received === CUT) setImmediate(() => h.clock.stall());
      },
    });
    assertWhole(outcome);
    assert.deepEqual(h.ranges, [undefined, `bytes=${CUT}-`]);
  });

  test("a server that never answers counts as a lost connection after five requests", async () => {
    let asked = 0;
    const silent = () => {
      asked++;
      return /** @type {Promise<Response>} */ (new Promise(() => {}));
    };
    const outcome = h.get({ fetch: silent });
    await turn();
    for (let attempt = 0; attempt <= 4; attempt++) {
      h.clock.stall();
      await turn();
    }
    const { error } = await outcome;
    assert.equal(error?.code, "connection_lost");
    assert.match(sayError(error), /^No data of model\.safetensors from .* arrived for 30 seconds\. Check the network/);
    assert.equal(asked, 5);
  });

  test("a whole file without its mark needs no network", async () => {
    h.directory.files.set(sha256(BYTES), BYTES);
    const outcome = await h.get({ fetch: noNetwork });
    assertWhole(outcome);
    assert.ok(h.isComplete);
  });

  test("a partial file of other content is detected by the hash", async () => {
    h.directory.files.set(
      sha256(BYTES),
      noise(1000).map((byte) => byte ^ 1),
    );
    assert.equal((await h.get()).error?.code, "wrong_hash");
    assertWhole(await h.get());
  });
});

describe("cancelling", () => {
  test("in the middle throws the reason, and the next load continues the file", async () => {
    const controller = new AbortController();
    const reason = new EngineError("aborted");
    const first = await h.get({
      signal: controller.signal,
      onProgress: (received) => {
        if (received >= 50_000) controller.abort(reason);
      },
    });
    assert.equal(first.error, reason);
    const partBytes = Number(h.stored?.length);
    assert.ok(partBytes >= 50_000 && partBytes < BYTES.length);

    h.hub.requests = [];
    const second = await h.get();
    assertWhole(second);
    assert.deepEqual(h.ranges, [`bytes=${partBytes}-`]);
    assert.equal(second.progress[0].fromNetwork, false);
    assert.equal(second.progress.at(-1)?.fromNetwork, true);
  });

  test("before the start, while reading a stored file, and while waiting to retry", async () => {
    const reason = new EngineError("aborted");
    assert.equal((await h.get({ signal: AbortSignal.abort(reason) })).error, reason);

    await h.get();
    const reading = new AbortController();
    assert.equal((await h.get({ signal: reading.signal, onProgress: () => reading.abort(reason) })).error, reason);
    assert.ok(h.isComplete, "a kept file stays");

    h.directory = new FakeDirectory();
    h.hub.fail(PATH, "cut");
    const waiting = new AbortController();
    const outcome = await h.get({
      signal: waiting.signal,
      sleep: (ms, signal) => {
        if (ms < 30_000) waiting.abort(reason);
        return h.clock.sleep(ms, signal);
      },
    });
    assert.equal(outcome.error, reason);
    assert.equal(h.stored?.length, CUT);
  });

  test("a stalled connection", async () => {
    h.hub.fail(PATH, "stall");
    const controller = new AbortController();
    const { error } = await h.get({
      signal: controller.signal,
      onProgress: (received) => {
        if (received === CUT) setImmediate(() => controller.abort(new EngineError("aborted")));
      },
    });
    assert.equal(error?.code, "aborted");
    assert.equal(h.stored?.length, CUT);
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
      h.hub.fail(PATH, "status", { status });
      const { error } = await h.get();
      assert.equal(error?.code, code);
      assert.match(sayError(error), new RegExp(`model\\.safetensors.*HTTP ${status}.*(Choose|Load)`));
      assert.equal(h.ranges.length, 1);
    });
  }

  test("the bytes before a refusal are kept for the next load", async () => {
    h.hub.fail(PATH, "cut", { times: 1 });
    await h.get({
      sleep: (ms, signal) => {
        if (ms < 30_000) h.hub.fail(PATH, "status", { status: 403 });
        return h.clock.sleep(ms, signal);
      },
    });
    assert.equal(h.stored?.length, CUT);
    h.hub.mend(PATH);
    assertWhole(await h.get());
    assert.equal(h.ranges.at(-1), `bytes=${CUT}-`);
  });

  test("the connection of a refusal is closed", async () => {
    h.hub.fail(PATH, "status", { status: 404 });
    /** @type {AbortSignal | null | undefined} */
    let signal;
    await h.get({
      fetch: (url, init) => {
        signal = init?.signal;
        return browserFetch(url, init);
      },
    });
    assert.equal(signal?.aborted, true);
  });

  test("429 waits as long as Retry-After says", async () => {
    h.hub.fail(PATH, "status", { status: 429, retryAfter: "2", times: 1 });
    assertWhole(await h.get());
    assert.deepEqual(h.clock.waitsMs, [2000]);
  });

  test("a Retry-After shorter than the usual waits does not shorten them", async () => {
    for (const retryAfter of ["0", "1"]) {
      h.reset();
      h.hub.fail(PATH, "status", { status: 429, retryAfter });
      const { error } = await h.get();
      assert.equal(error?.code, "busy");
      assert.match(sayError(error), retryAfter === "0" ? /Load again later/ : /in 1 seconds/);
      assert.deepEqual(h.clock.waitsMs, retryAfter === "0" ? [500, 1000, 2000, 4000] : [1000, 1000, 2000, 4000]);
    }
  });

  test("429 with an hour to wait is an error that names the time", async () => {
    h.hub.fail(PATH, "status", { status: 429, retryAfter: "3600" });
    const { error } = await h.get();
    assert.equal(error?.code, "busy");
    assert.match(sayError(error), /HTTP 429.*in 3600 seconds/);
    assert.deepEqual(h.clock.waitsMs, []);
  });

  test("503 without Retry-After, or with a date, waits as after a broken connection, and gives up in the end", async () => {
    h.hub.fail(PATH, "status", { status: 503, retryAfter: "Wed, 21 Oct 2026 07:28:00 GMT", times: 1 });
    h.hub.fail(PATH, "status", { status: 503 });
    assert.equal((await h.get()).error?.code, "busy");
    assert.deepEqual(h.clock.waitsMs, [500, 1000, 2000, 4000]);
  });

  test("a site without CORS headers is named, at once", async () => {
    h.hub.fail(PATH, "no_cors");
    const { error } = await h.get();
    assert.equal(error?.code, "unreachable");
    assert.match(sayError(error), /CORS/);
    assert.deepEqual(h.clock.waitsMs, []);
  });

  test("no network is an error at the start, and waited for in the middle of a file", async () => {
    const { error } = await h.get({ fetch: () => Promise.reject(new TypeError("Failed to fetch")) });
    assert.equal(error?.code, "unreachable");
    assert.deepEqual(h.clock.waitsMs, []);

    h.hub.fail(PATH, "cut", { times: 1 });
    let calls = 0;
    const flaky = /** @type {typeof fetch} */ (
      (...request) => (++calls === 2 ? Promise.reject(new TypeError("Failed to fetch")) : browserFetch(...request))
    );
    assertWhole(await h.get({ fetch: flaky }));
    assert.deepEqual(h.clock.waitsMs, [500, 1000]);
  });
});
