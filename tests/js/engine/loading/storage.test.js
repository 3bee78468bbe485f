// Files kept in the Origin Private File System.

import assert from "node:assert/strict";
import { test } from "node:test";
import { FileStorage } from "../../../../www/engine/loading/storage.js";
import { FakeDirectory, noise } from "../../fakes.js";

const BYTES = noise(1000);

/** @param {FileStorage} storage @param {string} name */
async function readAll(storage, name) {
  const file = await storage.read(name);
  return file && { complete: file.complete, bytes: new Uint8Array(await new Response(file.stream).arrayBuffer()) };
}

test("there is no file at first", async () => {
  assert.equal(await new FakeDirectory().storage.read("a"), null);
});

test("a file that was written and closed is there, but not complete", async () => {
  const { storage } = new FakeDirectory();
  const writer = await storage.append("a", 0);
  writer?.write(BYTES.slice(0, 300));
  writer?.write(BYTES.slice(300, 500));
  writer?.close();
  assert.deepEqual(await readAll(storage, "a"), { complete: false, bytes: BYTES.slice(0, 500) });
});

test("writing continues from an offset and cuts off the rest", async () => {
  const { storage } = new FakeDirectory();
  const old = await storage.append("a", 0);
  old?.write(new Uint8Array(900));
  old?.close();
  const writer = await storage.append("a", 0);
  writer?.write(BYTES.slice(0, 400));
  writer?.close();
  const next = await storage.append("a", 400);
  next?.write(BYTES.slice(400, 600));
  await next?.commit();
  assert.deepEqual(await readAll(storage, "a"), { complete: true, bytes: BYTES.slice(0, 600) });
});

test("a file shorter than the offset is refused, unlike one that another tab writes", async () => {
  const directory = new FakeDirectory();
  await assert.rejects(directory.storage.append("a", 400), RangeError);
  assert.equal(directory.open.size, 0);
});

test("one writer at a time, none for a complete file, and any number of readers", async () => {
  const directory = new FakeDirectory();
  const { storage } = directory;
  const writer = await storage.append("a", 0);
  assert.equal(await storage.append("a", 0), null);
  writer?.write(BYTES);
  assert.equal((await readAll(storage, "a"))?.complete, false);
  await writer?.commit();
  assert.equal(await storage.append("a", 0), null);
  assert.equal(directory.open.size, 0);
  assert.deepEqual(await readAll(storage, "a"), { complete: true, bytes: BYTES });
});

test("deleting removes the file and its mark, and accepts a file that does not exist", async () => {
  const directory = new FakeDirectory();
  const writer = await directory.storage.append("a", 0);
  await writer?.commit();
  await directory.storage.delete("a");
  assert.equal(directory.files.size, 0);
  await directory.storage.delete("a");
});

test("a full device and an incomplete write are both a QuotaExceededError", async () => {
  const directory = new FakeDirectory();
  directory.quotaBytes = 100;
  const writer = await directory.storage.append("a", 0);
  assert.throws(() => writer?.write(BYTES), { name: "QuotaExceededError" });

  directory.shortWrites = true;
  directory.quotaBytes = Infinity;
  assert.throws(() => writer?.write(BYTES), { name: "QuotaExceededError" });
});

test("the engine writes a file part by part, and the file must have the length it returns", async () => {
  const directory = new FakeDirectory();
  const writer = await directory.storage.append("a", 0);
  let at = 0;
  /** @param {import("../../../../www/engine/loading/storage.js").SyncAccessHandle} file */
  const writeNext = (file) => {
    if (at === BYTES.length) return undefined;
    file.write(BYTES.subarray(at, at + 500), { at });
    at += 500;
    return at;
  };
  assert.deepEqual(
    [writer?.writeBy(writeNext), writer?.writeBy(writeNext), writer?.writeBy(writeNext)],
    [true, true, false],
  );
  assert.deepEqual(directory.files.get("a"), BYTES);
  assert.throws(() => writer?.writeBy(() => BYTES.length + 1), { name: "QuotaExceededError" });
});

test("other errors are not taken for a file that is missing or in use", async () => {
  const broken = new DOMException("the disk is gone", "InvalidStateError");
  const directory = { getFileHandle: () => Promise.reject(broken) };
  const storage = new FileStorage(/** @type {any} */ (directory));
  await assert.rejects(storage.read("a"), broken);
  await assert.rejects(storage.append("a", 0), broken);
});

test("a browser that gives no file system gives null", async () => {
  assert.equal(await FileStorage.open(undefined), null);
  const refusing = { getDirectory: () => Promise.reject(new DOMException("private window", "SecurityError")) };
  assert.equal(await FileStorage.open(/** @type {any} */ (refusing)), null);

  const root = { getDirectoryHandle: async () => new FakeDirectory() };
  const storage = await FileStorage.open(/** @type {any} */ ({ getDirectory: async () => root }));
  assert.equal(await storage?.read("a"), null);
});
