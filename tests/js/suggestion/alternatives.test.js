// Several suggestions for one place: which are left while the writer types, which one is shown, and more of them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Harness } from "./harness.js";

test("typing what one of them says keeps those that fit, and the chosen one where it is", async () => {
  const harness = new Harness();
  await harness.ask("We saw").done(" the sea", " a bee", " the moon");
  assert.deepEqual(harness.offer, { alternatives: [" the sea", " a bee", " the moon"], index: 0 });
  harness.previous();
  assert.equal(harness.shown, " the moon");
  harness.type("We saw th");
  assert.deepEqual(harness.offer, { alternatives: ["e sea", "e moon"], index: 1 });
  harness.type("We saw the s");
  assert.deepEqual(harness.offer, { alternatives: ["ea"], index: 0 });
  harness.type("We saw th");
  assert.deepEqual(harness.offer, { alternatives: ["e sea", "e moon"], index: 1 });
  assert.equal(harness.questions.length, 1);
});

test("the next and the previous go round", async () => {
  const harness = new Harness();
  harness.next();
  assert.equal(harness.shown, "");
  const question = harness.ask("We saw");
  harness.next();
  assert.equal(harness.shown, "");
  await question.done(" one", " two", " three");
  const seen = ["next", "next", "next", "previous", "previous"].map((turn) => {
    harness[/** @type {"next" | "previous"} */ (turn)]();
    return harness.shown;
  });
  assert.deepEqual(seen, [" two", " three", " one", " three", " two"]);
  await harness.ask("I saw").done(" one");
  harness.previous();
  assert.equal(harness.shown, " one");
});

test("the one that was chosen stays at the caret while all of them grow", () => {
  const harness = new Harness();
  const question = harness.ask("We saw");
  question.says(" one", " two", " three");
  harness.next();
  question.says(" one day", " three men", " two men");
  assert.deepEqual(harness.offer, { alternatives: [" one day", " three men", " two men"], index: 2 });
  question.says(" one day", " three men");
  assert.equal(harness.shown, " one day", "it was not worth showing");
});

test("the one that was chosen stays where another begins with the same letters", async () => {
  const harness = new Harness();
  await harness.ask("We saw").done(" the old sea and the sky", " the old");
  harness.next();
  harness.more();
  harness.last.says(" a bee");
  assert.equal(harness.shown, " the old");
  const question = harness.ask("I saw");
  question.says(" an", " a");
  harness.next();
  question.says(" an old", " a bee");
  assert.equal(harness.shown, " a bee");
});

test("any of them can be chosen, and stands there while it fits", async () => {
  const harness = new Harness();
  harness.highlight(1);
  await harness.ask("We saw").done(" the sea", " a bee", " the moon");
  harness.highlight(2);
  assert.deepEqual([harness.offer.index, harness.shown], [2, " the moon"]);
  harness.type("We saw the");
  assert.deepEqual(harness.offer, { alternatives: [" sea", " moon"], index: 1 });
  harness.highlight(0);
  assert.equal(harness.shown, " sea");
  harness.type("We saw the m");
  assert.equal(harness.shown, "oon");
});

test("more alternatives come behind those that are there, without those that begin alike", async () => {
  const harness = new Harness();
  const first = harness.askByKey("We saw");
  assert.equal(first.gate, null);
  await first.done(" the old sea", " a bee");
  assert.deepEqual(harness.offer, { alternatives: [" the old sea", " a bee"], index: 0 });
  harness.next();
  harness.more();
  assert.deepEqual(harness.offer, { alternatives: [" the old sea", " a bee"], index: 1 });
  assert.equal(harness.last.gate, null);
  assert.notEqual(harness.last.generation_config.seed, first.generation_config.seed);
  harness.last.says(" The old sea was", " one");
  assert.deepEqual(harness.offer.alternatives, [" the old sea", " a bee", " one"]);
  await harness.last.done(" The old sea was calm", " one day");
  assert.deepEqual(harness.offer, { alternatives: [" the old sea", " a bee", " one day"], index: 1 });
  assert.deepEqual(harness.settled, [" the old sea"], "what stands there has not changed");
});

test("more of what is half typed goes on from where the text is now", async () => {
  const harness = new Harness();
  harness.more();
  assert.equal(harness.questions.length, 0);
  harness.configure({ seed: 5 });
  await harness.ask("We saw").done(" the sea", " a bee");
  harness.type("We saw the");
  harness.more();
  assert.deepEqual([harness.last.before, harness.last.generation_config.seed], ["We saw the", 6]);
  await harness.last.done(" moon");
  assert.deepEqual(harness.offer.alternatives, [" sea", " moon"]);
  harness.type("We saw the m");
  assert.deepEqual(harness.offer.alternatives, ["oon"]);
});

test("while another alternative goes on where one ends, that one is shown", async () => {
  const harness = new Harness();
  await harness.ask("We saw").done(" the sea", " the sea and the sky");
  harness.type("We saw the sea");
  assert.equal(harness.shown, " and the sky");
  assert.equal(harness.questions.length, 1);
});
