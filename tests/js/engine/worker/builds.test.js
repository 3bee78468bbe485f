// Which build of the engine runs: the fastest that the machine has and that starts.

import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { Builds, choices } from "../../../../www/engine/worker/builds.js";
import { sayError } from "../../../../www/strings/errors.js";
import { FakeWasm } from "../../fake-model.js";

/** @import { BuildName } from "../../../../www/engine/protocol.js" */

const machine = { cores: 2, sharesMemory: true };
const threads2 = { build: "threads", threads: 2 };
const plain = { build: "plain", threads: 1 };

describe("choices", () => {
  test("threads first, then the build that runs everywhere", () => {
    assert.deepEqual(choices(machine, null), [threads2, plain]);
  });

  test("no threads on one core, without shared memory, or if one is requested", () => {
    assert.deepEqual(choices({ ...machine, cores: 1 }, null), [plain]);
    assert.deepEqual(choices({ ...machine, sharesMemory: false }, null), [plain]);
    assert.deepEqual(choices(machine, 1), [plain]);
  });

  test("at most as many threads as cores, four, or as requested", () => {
    const threads = (/** @type {number} */ cores, /** @type {number | null} */ most) =>
      choices({ ...machine, cores }, most)[0].threads;
    assert.deepEqual([threads(3, null), threads(4, null), threads(16, null)], [3, 4, 4]);
    assert.deepEqual([threads(16, 3), threads(2, 3), threads(16, 5)], [3, 2, 4]);
  });

  test("other numbers of threads are refused, with a way out", () => {
    for (const threads of [0, 1.5, "1"]) {
      assert.throws(() => choices(machine, /** @type {any} */ (threads)), {
        code: "threads",
        message: `threads must be a whole number from 1 on, got ${threads}; leave it out for as many as suit the device.`,
      });
    }
  });
});

describe("Builds", () => {
  /** @type {BuildName[]} */
  let opened;
  /** @type {Set<BuildName>} */
  let broken;
  /** @type {Builds} */
  let builds;
  beforeEach(() => {
    opened = [];
    broken = new Set();
    builds = new Builds(open, machine);
  });

  /** @param {import("../../../../www/engine/worker/builds.js").Choice} choice */
  async function open({ build, threads }) {
    opened.push(build);
    if (broken.has(build)) throw new Error(`no ${build} today`);
    return Object.assign(new FakeWasm(), { build, threads });
  }

  test("the fastest is opened, once", async () => {
    const wasm = await builds.open(null);
    assert.equal(wasm.build, "threads");
    assert.equal(await builds.open(null), wasm);
    assert.deepEqual(opened, ["threads"]);
  });

  test("one that does not start gives way to the next, and is not tried again", async () => {
    broken.add("threads");
    const wasm = await builds.open(null);
    assert.equal(wasm.build, "plain");
    assert.equal(await builds.open(null), wasm);
    assert.deepEqual(opened, ["threads", "plain"]);
  });

  test("one thread and several take turns", async () => {
    assert.equal((await builds.open(null)).threads, 2);
    assert.equal((await builds.open(1)).build, "plain");
    assert.equal((await builds.open(null)).threads, 2);
    assert.deepEqual(opened, ["threads", "plain"]);
  });

  test("a model that wants fewer threads does not use the ones already started", async () => {
    builds = new Builds(open, { ...machine, cores: 4 });
    assert.equal((await builds.open(3)).threads, 3);
    assert.equal((await builds.open(2)).build, "plain");
    assert.equal((await builds.open(null)).threads, 3);
    assert.deepEqual(opened, ["threads", "plain"]);
  });

  test("where none starts, the error says why", async () => {
    broken.add("threads").add("plain");
    await assert.rejects(builds.open(null), (/** @type {any} */ error) => {
      assert.equal(error.code, "not_started");
      assert.equal(sayError(error), "its program could not be started (no plain today)");
      return true;
    });
  });
});
