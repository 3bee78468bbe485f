// Downloads: streamed, verified and kept.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { sayError } from "../../../../www/strings/errors.js";
import { browserFetch } from "../../browser-fetch.js";
import { FakeDirectory, sha256 } from "../../fakes.js";
import { assertWhole, BYTES, DownloadHarness, noNetwork, PATH } from "./download-harness.js";

/** @type {DownloadHarness} */
let h;

before(async () => {
  h = await DownloadHarness.start();
});
after(() => h.hub.close());
beforeEach(() => h.reset());

describe("a well-behaved hub", () => {
  test("streams the file with progress up to its size, and keeps it", async () => {
    const outcome = await h.get();
    assertWhole(outcome);
    assert.ok(outcome.progress.length > 1, "in more than one part");
    assert.deepEqual(outcome.progress.at(-1), { received: BYTES.length, total: BYTES.length, fromNetwork: true });
    assert.ok(outcome.progress.every(({ received, total }) => received <= Number(total)));
    assert.equal(outcome.kept, true);
    assert.equal(outcome.notKept, null);
    assert.equal(outcome.unverified, null);
    assert.deepEqual(h.stored, BYTES);
    assert.ok(h.isComplete);
    assert.equal(h.directory.open.size, 0, "nothing stays locked");
    assert.ok(h.clock.isIdle, "no timer stays");
  });

  test("a second visit reads the stored file, without the network", async () => {
    await h.get();
    const outcome = await h.get({ fetch: noNetwork });
    assertWhole(outcome);
    assert.equal(outcome.kept, true);
    assert.ok(outcome.progress.every(({ fromNetwork }) => !fromNetwork));
  });

  test("the file loads without storage too", async () => {
    const outcome = await h.get({ storage: null });
    assertWhole(outcome);
    assert.equal(outcome.kept, false);
  });

  test("a stored file is not cached by the browser as well", async () => {
    /** @type {(RequestCache | undefined)[]} */
    const caches = [];
    /** @type {typeof fetch} */
    const watched = (url, init) => {
      caches.push(init?.cache);
      return browserFetch(url, init);
    };
    await h.get({ fetch: watched });
    await h.get({ fetch: watched, storage: null });
    assert.deepEqual(caches, ["no-store", "default"]);
  });

  test("an empty file loads", async () => {
    const empty = {
      url: h.hub.addFile("/owner/name/resolve/abc/empty.safetensors", new Uint8Array()),
      bytes: 0,
      sha256: sha256(new Uint8Array()),
    };
    const outcome = await h.get({ file: empty });
    assert.equal(outcome.error, null);
    assert.equal(outcome.bytes.length, 0);
  });
});

describe("damage", () => {
  test("a file cut short is refused by its size, and not kept", async () => {
    h.hub.fail(PATH, "wrong_length");
    const { error } = await h.get();
    assert.equal(error?.code, "wrong_size");
    assert.match(sayError(error), /model\.safetensors .*wrong size.*load it again/);
    assert.equal(h.directory.files.size, 0);
  });

  test("a file too long is refused before its end", async () => {
    const { error, bytes } = await h.get({ file: { ...h.file, bytes: 100_000 } });
    assert.equal(error?.code, "wrong_size");
    assert.ok(bytes.length <= 100_000);
    assert.equal(h.directory.files.size, 0);
  });

  test("one wrong bit is refused by the hash, and not kept", async () => {
    h.hub.fail(PATH, "flipped_byte");
    const { error } = await h.get();
    assert.equal(error?.code, "wrong_hash");
    assert.ok(sayError(error).includes(sha256(BYTES)), "names the expected hash");
    assert.equal(h.directory.files.size, 0);
  });

  test("a stored file with damage is deleted, and the next load downloads it", async () => {
    await h.get();
    const damaged = BYTES.slice();
    damaged[1234] ^= 1;
    h.directory.files.set(sha256(BYTES), damaged);
    assert.equal((await h.get()).error?.code, "wrong_hash");
    assert.equal(h.directory.files.size, 0);
    assertWhole(await h.get());
  });

  test("a file that WebAssembly refuses is not kept", async () => {
    // An error from Rust is not an EngineError.
    const refusal = Object.assign(new Error("no header"), { name: "EngineError", code: "safetensors" });
    const { error } = await h.get({
      sink: () => {
        throw refusal;
      },
    });
    assert.equal(error, refusal);
    assert.equal(h.directory.files.size, 0);
    assert.equal(h.directory.open.size, 0);
  });

  test("a panic casts no doubt on the file, which stays", async () => {
    const panic = new WebAssembly.RuntimeError("unreachable");
    let left = 2;
    const sink = () => {
      if (left-- === 0) throw panic;
    };
    assert.equal((await h.get({ sink })).error, panic);
    assert.ok(Number(h.stored?.length) > 0, "a part stays");
    assert.equal(h.directory.open.size, 0);

    assertWhole(await h.get());
    await h.get({ file: h.unpinned });
    for (const file of [h.file, h.unpinned]) {
      left = 0;
      assert.equal((await h.get({ file, sink })).error, panic);
      assertWhole(await h.get({ file, fetch: noNetwork }));
    }
  });
});

describe("headers", () => {
  test("a compressed body never shows more than 100 %", async () => {
    const zeros = new Uint8Array(300_000);
    const path = "/owner/name/resolve/abc/config.json";
    const config = { url: h.hub.addFile(path, zeros), bytes: zeros.length, sha256: sha256(zeros) };
    h.hub.fail(path, "gzip");
    const pinned = await h.get({ file: config });
    assert.equal(pinned.error, null);
    assert.ok(pinned.progress.every(({ received, total }) => total === zeros.length && received <= total));

    // CORS hides Content-Encoding, so Content-Length counts until more bytes arrive.
    const unpinned = await h.get({ file: { ...config, bytes: null, sha256: null } });
    assert.equal(unpinned.error, null);
    assert.equal(unpinned.bytes.length, zeros.length);
    assert.ok(unpinned.progress.every(({ received, total }) => total === null || received <= total));
    assert.equal(unpinned.progress.at(-1)?.total, null);

    // The page's own site shows every header; noise grows when compressed.
    h.hub.fail(PATH, "gzip");
    const own = await h.get({ file: h.unpinned, fetch, storage: null });
    assertWhole(own);
    assert.ok(own.progress.every(({ total }) => total === null));
    h.hub.mend(path);
  });

  test("without a published hash the file is kept, with a notice", async () => {
    // The hub publishes one in the redirect's X-Linked-ETag, but a page cannot read a redirect's headers.
    const outcome = await h.get({ file: h.unpinned });
    assertWhole(outcome);
    assert.equal(outcome.kept, true);
    assert.match(sayError(outcome.unverified), /model\.safetensors .*could not be verified/);
    assert.equal(outcome.progress.at(-1)?.total, BYTES.length);

    const again = await h.get({ file: h.unpinned, fetch: noNetwork });
    assertWhole(again);
  });

  test("X-Linked-ETag and X-Linked-Size count where they can be read, as from a mirror without redirects", async () => {
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
    const unpinned = h.unpinned;
    for (const tag of [`"${sha256(BYTES)}"`, `W/"${sha256(BYTES)}"`, sha256(BYTES)]) {
      h.directory = new FakeDirectory();
      const outcome = await h.get({ file: unpinned, fetch: linked(tag) });
      assertWhole(outcome);
      assert.equal(outcome.unverified, null, tag);
    }
    h.directory = new FakeDirectory();
    assert.equal((await h.get({ file: unpinned, fetch: linked(`"${"0".repeat(64)}"`) })).error?.code, "wrong_hash");
    const gitHash = await h.get({ file: h.unpinned, fetch: linked(`"${"0".repeat(40)}"`) });
    assert.match(sayError(gitHash.unverified), /could not be verified/);
  });

  test("another part than requested is refused", async () => {
    h.hub.fail(PATH, "cut", { times: 1 });
    const shifted = /** @type {typeof fetch} */ (
      async (...request) => {
        const { body, status, headers } = await browserFetch(...request);
        const range = headers.get("Content-Range")?.replace(/\d+/, "7");
        return new Response(body, { status, headers: range === undefined ? {} : { "Content-Range": range } });
      }
    );
    assert.equal((await h.get({ fetch: shifted })).error?.code, "wrong_part");
    assert.equal(h.directory.files.size, 0, "or the next load would ask for the same part");
  });

  test("without a hash, a partial file of an earlier load is dropped", async () => {
    const controller = new AbortController();
    await h.get({ file: h.unpinned, signal: controller.signal, onProgress: () => controller.abort() });
    assert.equal(h.directory.files.size, 0);

    // As left by a tab that was killed.
    h.directory.files.set(encodeURIComponent(h.unpinned.url), BYTES.slice(5, 500));
    assertWhole(await h.get({ file: h.unpinned }));
  });

  test("without a hash, a broken download is resumed only if its ETag stays the same", async () => {
    const unpinned = h.unpinned;
    h.hub.fail(PATH, "cut", { times: 1 });
    assertWhole(await h.get({ file: unpinned }));

    h.directory = new FakeDirectory();
    h.hub.fail(PATH, "cut", { times: 1 });
    const changing = /** @type {typeof fetch} */ (
      async (url, init) => {
        const response = await browserFetch(url, init);
        h.hub.addFile(
          PATH,
          BYTES.map((byte) => byte ^ 255),
        );
        return response;
      }
    );
    assert.equal((await h.get({ file: unpinned, fetch: changing })).error?.code, "changed");
    assert.equal(h.directory.files.size, 0, "half of it is worth nothing");
  });
});

describe("failing storage", () => {
  test("if the quota runs out in the middle, the file loads but is not kept", async () => {
    h.directory.quotaBytes = 120_000;
    const outcome = await h.get();
    assertWhole(outcome);
    assert.equal(outcome.kept, false);
    assert.match(sayError(outcome.notKept), /could not be kept.*full.*next visit downloads it again.*Free some space/);
    assert.equal(h.directory.files.size, 0, "the space is given back");
  });

  test("a second tab loads beside the first and leaves its file alone", async () => {
    const writer = await h.directory.storage.append(sha256(BYTES), 0);
    writer?.write(BYTES.slice(0, 1000));
    const outcome = await h.get();
    assertWhole(outcome);
    assert.equal(outcome.kept, false);
    assert.match(sayError(outcome.notKept), /Another tab/);
    assert.equal(h.stored?.length, 1000);

    writer?.write(BYTES.slice(1000));
    await writer?.commit();
    assertWhole(await h.get({ fetch: noNetwork }));
  });

  test("a stored file that cannot be read is downloaded again", async () => {
    await h.get();
    h.directory.readError = new DOMException("gone", "NotReadableError");
    const outcome = await h.get();
    assertWhole(outcome);
    assert.equal(outcome.kept, true);
  });

  test("one that can be read only in part is downloaded but not kept, with a notice", async () => {
    await h.get();
    h.directory.readError = new DOMException("gone", "NotReadableError");
    h.directory.readableBytes = 1000;
    const outcome = await h.get();
    assertWhole(outcome);
    assert.deepEqual(h.ranges.at(-1), "bytes=1000-");
    assert.equal(outcome.kept, false);
    assert.match(
      sayError(outcome.notKept),
      /could not be kept on this device: its first part is no longer stored\. .* Load it again/,
    );
    assert.equal(h.directory.files.size, 0);
  });
});
