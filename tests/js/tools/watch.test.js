// build.sh watch: which files cause a build or a reload, and that builds run one at a time.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { effectOf, Rebuilder, withReload } from "../../../tools/watch.js";

describe("effectOf", () => {
  for (const [path, effect] of /** @type {const} */ ([
    ["src/kernels/mod.rs", "build"],
    ["Cargo.toml", "build"],
    ["Cargo.lock", "build"],
    ["tools/codemirror.js", "build"],
    ["www/models/pocket-gpt2/README.md", "build"],
    ["www/main.js", "reload"],
    ["www/page/style.css", "reload"],
    ["www/models/card.js", "reload"],
    ["www/pkg", "nothing"],
    ["www/pkg/plain/engine.js", "nothing"],
    ["www/vendor/codemirror.js", "nothing"],
    ["www/files.js", "nothing"],
    ["www/models/pocket-gpt2/card.html", "nothing"],
    ["tools/watch.js", "nothing"],
    ["README.md", "nothing"],
    ["target", "nothing"],
  ])) {
    test(`${path}: ${effect}`, () => assert.equal(effectOf(path), effect));
  }
});

describe("Rebuilder", () => {
  /** @param {boolean[]} outcomes of the builds, in order */
  function rebuilderWith(outcomes) {
    /** @type {string[]} */
    const log = [];
    const rebuilder = new Rebuilder({
      settle: async () => {},
      build: async () => {
        log.push("build");
        return outcomes.shift() ?? true;
      },
      reload: () => log.push("reload"),
    });
    return { log, rebuilder };
  }

  test("a source file is built, then the page reloads; a file of the page only reloads", async () => {
    const { log, rebuilder } = rebuilderWith([]);
    await rebuilder.changed("src/lib.rs");
    await rebuilder.changed("www/main.js");
    assert.deepEqual(log, ["build", "reload", "reload"]);
  });

  test("changes of one moment are one build", async () => {
    const { log, rebuilder } = rebuilderWith([]);
    await Promise.all(["src/lib.rs", "src/lib.rs", "www/main.js"].map((path) => rebuilder.changed(path)));
    assert.deepEqual(log, ["build", "reload"]);
  });

  test("a change during a build is built after it", async () => {
    /** @type {(() => void)[]} */
    const finish = [];
    let reloads = 0;
    const rebuilder = new Rebuilder({
      settle: async () => {},
      build: () => new Promise((resolve) => finish.push(() => resolve(true))),
      reload: () => reloads++,
    });
    const all = rebuilder.changed("src/lib.rs");
    await null;
    assert.equal(finish.length, 1);
    await rebuilder.changed("src/error.rs");
    assert.equal(finish.length, 1, "one build at a time");
    finish[0]();
    while (finish.length < 2) await null;
    finish[1]();
    await all;
    assert.equal(reloads, 2);
  });

  test("after a build that fails the page stays, until one succeeds", async () => {
    const { log, rebuilder } = rebuilderWith([false, true]);
    await rebuilder.changed("src/lib.rs");
    assert.deepEqual(log, ["build"]);
    await rebuilder.changed("src/lib.rs");
    assert.deepEqual(log, ["build", "build", "reload"]);
  });

  test("the build's own files start nothing", async () => {
    const { log, rebuilder } = rebuilderWith([]);
    await rebuilder.changed("www/pkg/plain/engine_bg.wasm");
    assert.deepEqual(log, []);
  });
});

test("the page's source gets one script more, from its own origin", () => {
  const html = withReload("<head><title>Write</title></head><body></body>");
  assert.match(html, /<title>Write<\/title>.*<script type="module" src="\/reload\.js"><\/script>\s*<\/head><body>/s);
});
