// Each transaction, and the suggestion's state after it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { EngineError } from "../../../www/engine/errors.js";
import { Harness, suggestion } from "./harness.js";

/** @import { TransactionSpec } from "@codemirror/state" */

const { answer, close, dismiss, highlight, leave, open, originIn, suggestionsAfter } = await import(
  "../../../www/suggestion/state.js"
);

const OFFERED = [" the old sea", " a bee", " the moon"];

/** "We saw", with the caret behind it and three suggestions at it, of the only question so far. */
async function offered() {
  const harness = new Harness();
  await harness.ask("We saw").done(...OFFERED);
  return harness;
}

/** @param {string} text typed or taken at the caret, which is `at` the end of "We saw" */
const insert = (text, userEvent = "input.type", at = 6) => ({
  changes: { from: at, insert: text },
  selection: { anchor: at + text.length },
  userEvent,
});

/**
 * @param {string} name
 * @param {TransactionSpec[]} specs
 * @param {string[]} alternatives left
 * @param {object} [rest]
 * @param {number} [rest.index] of the one at the caret
 * @param {"due" | "asked" | null} [rest.question] another question
 */
const row = (name, specs, alternatives, { index = 0, question = null } = {}) => ({
  name,
  specs,
  alternatives,
  index,
  question,
});

for (const { name, specs, alternatives, index, question } of [
  row("typing through one of them keeps those that fit", [insert(" the ")], ["old sea", "moon"]),
  row("typing another way asks after a pause", [insert(" x")], [], { question: "due" }),
  row("accepting a word goes on with the rest", [insert(" the", "input.complete")], [" old sea", " moon"]),
  row("accepting the whole asks for what follows, at once", [insert(" the old sea", "input.complete")], [], {
    question: "asked",
  }),
  row(
    "another alternative takes the caret, and keeps it while it fits",
    [{ effects: highlight.of(2) }, insert(" the")],
    [" old sea", " moon"],
    { index: 1 },
  ),
  row(
    "a deletion within what was typed through brings its letters back",
    [insert(" the"), { changes: { from: 8, to: 10 }, selection: { anchor: 8 } }],
    ["he old sea", "he moon"],
  ),
  row(
    "a deletion before the place of the question asks anew",
    [{ changes: { from: 5, to: 6 }, selection: { anchor: 5 }, userEvent: "delete.backward" }],
    [],
    { question: "due" },
  ),
  row(
    "a change before the place asks anew, though the text before the caret reads the same",
    [{ changes: { from: 0, to: 2, insert: "We" } }],
    [],
    { question: "due" },
  ),
  row("a change behind the caret keeps them", [{ changes: { from: 6, insert: ", then" } }], OFFERED),
  row("a letter behind the caret leaves nothing to continue", [{ changes: { from: 6, insert: "n" } }], []),
  row("a selection ends them", [{ selection: { anchor: 0, head: 6 } }], []),
  row(
    "typing over a selection asks anew",
    [
      { selection: { anchor: 3, head: 6 } },
      { changes: { from: 3, to: 6, insert: "heard" }, selection: { anchor: 8 }, userEvent: "input.type" },
    ],
    [],
    { question: "due" },
  ),
  row("moving the caret ends them", [{ selection: { anchor: 2 } }], []),
  row("a dismissal ends them", [{ effects: dismiss.of({ tabLeaves: true }) }], []),
  row("typing after a dismissal asks again", [{ effects: dismiss.of({ tabLeaves: true }) }, insert(" ")], [], {
    question: "due",
  }),
  row("an input method at work ends them and is not disturbed", [insert(" の", "input.type.compose")], []),
  row("its last change is continued", [insert(" の", "input.type.compose"), insert("家", "input.type", 8)], [], {
    question: "due",
  }),
  row("a change of no text and no selection keeps them", [{}], OFFERED),
  row("leaving the text keeps them", [{ effects: leave.of(null) }], OFFERED),
]) {
  test(name, async () => {
    const harness = await offered();
    const { id } = /** @type {NonNullable<typeof harness.value.question>} */ (harness.value.question);
    for (const spec of specs) harness.dispatch(spec);
    const { offer, value } = harness;
    assert.deepEqual(offer, { alternatives, index });
    const another = value.question?.id === id ? null : (value.question?.phase ?? null);
    assert.equal(another, question);
  });
}

test("a change behind the caret during the pause is part of the question", () => {
  const harness = new Harness();
  harness.type("We saw", " x");
  harness.dispatch({ changes: { from: 6, to: 8 } });
  assert.equal(harness.timers.size, 1);
  harness.pause();
  assert.deepEqual([harness.last.before, harness.last.after], ["We saw", ""]);
});

test("undo and redo end what stands there, and ask for nothing", async () => {
  const harness = await offered();
  harness.dispatch(insert(" the", "input.complete"));
  for (const change of [() => harness.undo(), () => harness.redo()]) {
    change();
    assert.equal(harness.shown, "");
    assert.equal(harness.value.question, null);
    assert.equal(harness.value.isAttending, false);
  }
});

test("a late answer counts from where it was asked, whatever was typed through since", () => {
  const harness = new Harness();
  const question = harness.ask("We saw");
  question.says(" the");
  harness.dispatch(insert(" th"));
  question.says(" the old sea", " the moon", " a bee");
  assert.deepEqual(harness.offer, { alternatives: ["e old sea", "e moon"], index: 0 });
});

test("an answer to a question that is past changes nothing", async () => {
  const harness = await offered();
  const { value } = harness;
  for (const id of [-1, value.nextId]) {
    harness.dispatch({ effects: answer.of({ id, alternatives: [], isDone: true }) });
    assert.equal(harness.value, value);
  }
});

test("the same question asked again has the same answer: each alternative knows its own", async () => {
  const harness = await offered();
  harness.dispatch({ effects: highlight.of(2) });
  harness.dispatch(insert(" the"));
  assert.deepEqual(originIn(harness.value), {
    before: "We saw",
    after: "",
    generation_config: harness.last.generation_config,
    gate: 0.003,
    index: 2,
  });
  harness.dismiss();
  assert.equal(originIn(harness.value), null);
});

test("the list opens on what stands there; opened again, it asks", async () => {
  const harness = await offered();
  harness.dispatch({ effects: open.of(null) });
  assert.deepEqual(harness.value.list, { moreAt: null });
  assert.equal(harness.questions.length, 1);
  harness.dispatch({ effects: open.of(null) });
  assert.equal(harness.questions.length, 2);
  assert.deepEqual([harness.value.list, harness.shown], [{ moreAt: null }, ""]);
});

test("the list closes with the last suggestion, by key and when the focus leaves, but not while the model is asked", async () => {
  const harness = await offered();
  const reopen = () => harness.dispatch({ effects: open.of(null) });
  reopen();
  harness.dispatch({ effects: close.of(null) });
  assert.deepEqual([harness.value.list, harness.shown], [null, OFFERED[0]]);
  reopen();
  harness.dispatch(insert(" the"));
  assert.notEqual(harness.value.list, null);
  harness.dispatch(insert(" x", "input.type", 10));
  assert.equal(harness.value.list, null);
  reopen();
  assert.notEqual(harness.value.list, null);
  harness.dispatch({ effects: leave.of(null) });
  assert.equal(harness.value.list, null);
});

test("the first alternative that the row for more brings is highlighted", async () => {
  const harness = await offered();
  harness.dispatch({ effects: open.of(null) });
  harness.highlight(3);
  assert.deepEqual(harness.value.list, { moreAt: 3 });
  harness.more();
  harness.last.says(" the old sea and", " one");
  assert.deepEqual(harness.offer, { alternatives: [...OFFERED, " one"], index: 3 });
  assert.deepEqual(harness.value.list, { moreAt: null });
});

test("the row for more is the last one after typing too, and what it brings is highlighted", async () => {
  const harness = await offered();
  harness.dispatch({ effects: open.of(null) });
  harness.highlight(3);
  harness.more();
  harness.dispatch(insert(" the"));
  assert.deepEqual(harness.value.list, { moreAt: 2 });
  harness.last.says(" the stars");
  assert.deepEqual([harness.shown, harness.value.list], [" stars", { moreAt: null }]);
});

test("where a question fails, or another model answers it, the first alternative is highlighted", async () => {
  const harness = await offered();
  harness.dispatch({ effects: open.of(null) });
  harness.highlight(3);
  harness.more();
  await harness.last.fail(new EngineError("worker_died"));
  assert.deepEqual(harness.value.list, { moreAt: null });
  harness.renew();
  harness.pause();
  await harness.last.done(...OFFERED, " a ship");
  assert.equal(harness.shown, OFFERED[0]);
  harness.highlight(4);
  harness.renew();
  assert.deepEqual(harness.value.list, { moreAt: null });
});

test("what is announced is what stands there: an alternative that the row for more brings, once it is complete", async () => {
  const harness = new Harness();
  harness.askByKey("We saw").tells([suggestion(" the sea")]);
  harness.highlight(1);
  harness.last.tells([suggestion(" the sea", true), suggestion(" a")]);
  assert.deepEqual([harness.shown, harness.settled], [" a", []]);
  await harness.last.done(" the sea", " a bee");
  assert.deepEqual(harness.settled, [" a bee"]);
});

test("where there is nothing to continue the writer learns why, until the text or the caret changes", () => {
  const harness = new Harness();
  for (const [before, after, refusal] of [
    ["", "", "nothing_written"],
    ["The ra", "in", "nothing_to_continue"],
  ]) {
    harness.type(before, after);
    harness.dispatch({ effects: open.of(null) });
    assert.deepEqual([harness.value.refusal, harness.value.list], [refusal, null]);
  }
  harness.dispatch({ selection: { anchor: 8 } });
  assert.equal(harness.value.refusal, null);
});

test("after a dismissal Tab leaves the text, until the writer goes on or comes back", () => {
  for (const spec of [insert("a", "input.type", 0), { effects: leave.of(null) }]) {
    const harness = new Harness();
    harness.dispatch({ effects: dismiss.of({ tabLeaves: true }) });
    assert.equal(harness.value.tabLeaves, true);
    harness.dispatch(spec);
    assert.equal(harness.value.tabLeaves, false);
  }
});

test("a list asked for after a dismissal has its Tab again", () => {
  const harness = new Harness();
  harness.type("We saw");
  harness.dispatch({ effects: dismiss.of({ tabLeaves: true }) });
  harness.dispatch({ effects: open.of(null) });
  assert.deepEqual([harness.value.tabLeaves, harness.value.list], [false, { moreAt: null }]);
});

test("another document begins with nothing suggested, and with the settings and counts of this one", async () => {
  const harness = await offered();
  harness.configure({ temperature: 1.5 });
  await harness.ask("He saw").done(" the sea");
  const { settings, tally, nextId, ...rest } = suggestionsAfter(harness.value);
  assert.equal(settings.temperature, 1.5);
  assert.deepEqual(tally, { pauses: 2, withSuggestion: 2 });
  assert.equal(nextId, harness.value.nextId, "no answer to a question of one document fits one of another");
  assert.deepEqual(rest, {
    question: null,
    isAttending: false,
    tabLeaves: false,
    refusal: null,
    list: null,
  });
});

test("a prompt of more than two steps begins at one, so that typing on leaves its beginning as it was", () => {
  const harness = new Harness();
  const text = "a ".repeat(10_000);
  harness.type(text);
  harness.pause();
  harness.type(`${text}b`);
  harness.pause();
  const [first, second] = harness.asked;
  assert.equal(second, `${first}b`);
  assert.ok(first.length < text.length);
});

test("suggestions that grow keep their place in the text", () => {
  const harness = new Harness();
  harness.ask("We saw").tells([suggestion(" the"), suggestion(" a", true)]);
  harness.dispatch({ effects: highlight.of(1) });
  harness.last.tells([suggestion(" the sea"), suggestion(" a", true)]);
  assert.deepEqual(harness.offer, { alternatives: [" the sea", " a"], index: 1 });
  assert.deepEqual(harness.settled, [" a"]);
});
