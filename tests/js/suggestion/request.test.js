// When the model is asked, how much of its answer is shown, and when that is gone.

import assert from "node:assert/strict";
import { test } from "node:test";
import { EngineError } from "../../../www/engine/errors.js";
import { Harness, suggestion } from "./harness.js";

const { open } = await import("../../../www/suggestion/state.js");

test("asks once when the typing pauses, with the text around the caret", () => {
  const harness = new Harness();
  for (const text of ["T", "Th"]) harness.type(text);
  harness.type("The", ", then");
  assert.equal(harness.timers.size, 1);
  assert.deepEqual(
    [...harness.timers.values()].map(({ ms }) => ms),
    [50],
  );
  assert.equal(harness.questions.length, 0);
  harness.pause();
  assert.equal(harness.questions.length, 1);
  const { before, after, gate, generation_config } = harness.last;
  assert.deepEqual({ before, after, gate }, { before: "The", after: ", then", gate: 0.003 });
  assert.deepEqual(generation_config, {
    max_new_tokens: 24,
    max_time: 5,
    do_sample: true,
    temperature: 0.7,
    top_k: 50,
    top_p: 0.9,
    repetition_penalty: 1.1,
    num_return_sequences: 3,
    return_full_text: false,
    token_healing: true,
    seed: 1,
  });
});

test("asks as the settings say", () => {
  const harness = new Harness();
  harness.configure({
    is_automatic: true,
    delay_ms: 300,
    max_new_tokens: 5,
    temperature: 1.5,
    top_p: 0.5,
    top_k: 7,
    repetition_penalty: 1,
    max_time: 2,
    seed: 77,
    gate: 0.75,
    n_alternatives: 1,
  });
  harness.type("We saw");
  assert.deepEqual(
    [...harness.timers.values()].map(({ ms }) => ms),
    [300],
  );
  harness.pause();
  assert.equal(harness.last.gate, 0.75);
  assert.deepEqual(harness.last.generation_config, {
    max_new_tokens: 5,
    max_time: 2,
    do_sample: true,
    temperature: 1.5,
    top_k: 7,
    top_p: 0.5,
    repetition_penalty: 1,
    num_return_sequences: 1,
    return_full_text: false,
    token_healing: true,
    seed: 77,
  });
});

test("does not ask in an empty text, inside a word or for a selection", () => {
  const harness = new Harness();
  harness.type("");
  harness.type("The ra", "in");
  harness.dispatch({ changes: { from: 0, to: 8, insert: "The" }, selection: { anchor: 0, head: 3 } });
  assert.equal(harness.timers.size, 0);
  harness.type("");
  harness.dispatch({ effects: open.of(null) });
  assert.equal(harness.value.refusal, "nothing_written");
  assert.equal(harness.questions.length, 0);
});

test("shows words as they come, and tells once when the suggestion has settled", async () => {
  const harness = new Harness();
  const question = harness.ask("We saw");
  assert.equal(harness.shown, "");
  question.says(" the");
  assert.equal(harness.shown, " the");
  question.says(" the old");
  assert.equal(harness.shown, " the old");
  assert.deepEqual(harness.settled, []);
  question.tells([suggestion(" the old sea", true), suggestion(" a")]);
  assert.deepEqual(harness.settled, [" the old sea"]);
  assert.deepEqual(harness.thinking, [true]);
  await question.done(" the old sea", " a bee");
  assert.equal(harness.shown, " the old sea");
  assert.deepEqual(harness.settled, [" the old sea"]);
  assert.deepEqual(harness.thinking, [true, false]);
});

test("taken midway, it is taken as far as it is shown, and goes on from there", async () => {
  const harness = new Harness();
  const question = harness.ask("We saw");
  question.says(" the old");
  harness.type("We saw the old");
  assert.equal(harness.shown, "");
  assert.equal(question.signal.aborted, false);
  question.says(" the old sea");
  assert.equal(harness.shown, " sea");
  await question.done(" the old sea.");
  assert.equal(harness.shown, " sea.");
  assert.deepEqual(harness.settled, [" sea."]);
  assert.equal(harness.questions.length, 1);
});

test("typing what is suggested shrinks it without asking again", async () => {
  const harness = new Harness();
  const question = harness.ask("We saw");
  question.says(" the old sea");
  harness.type("We saw the");
  assert.equal(harness.shown, " old sea");
  question.says(" the old sea and the");
  assert.equal(harness.shown, " old sea and the");
  await question.done(" the old sea and the");
  harness.type("We saw the o");
  assert.equal(harness.shown, "ld sea and the");
  harness.type("We saw the");
  assert.equal(harness.shown, " old sea and the");
  assert.equal(harness.questions.length, 1);
  assert.equal(harness.timers.size, 0);
});

test("typing ahead of what is shown asks anew", () => {
  const harness = new Harness();
  const question = harness.ask("We saw");
  harness.type("We saw t");
  assert.equal(question.signal.aborted, true);
  harness.pause();
  harness.last.says("he");
  harness.type("We saw the s");
  assert.equal(harness.shown, "");
  harness.pause();
  assert.deepEqual(harness.asked, ["We saw", "We saw t", "We saw the s"]);
});

test("typing something else drops it and asks anew; what still comes of the old request is not shown", async () => {
  const harness = new Harness();
  const old = harness.ask("We saw");
  old.says(" the sea");
  harness.type("We saw m");
  assert.equal(harness.shown, "");
  assert.equal(old.signal.aborted, true);
  old.says(" the sea and more");
  await old.done(" the sea and more");
  assert.equal(harness.shown, "");
  harness.pause();
  assert.deepEqual(harness.asked, ["We saw", "We saw m"]);
  assert.deepEqual(harness.settled, []);
  assert.notEqual(harness.last.generation_config.seed, old.generation_config.seed);
});

test("a suggestion that is used up is followed by the next at once", async () => {
  const harness = new Harness();
  const question = harness.ask("We saw");
  await question.done(" the sea", " a bee");
  harness.type("We saw the sea");
  assert.deepEqual(harness.asked, ["We saw", "We saw the sea"]);
  assert.equal(harness.timers.size, 0);
  await harness.last.done(" and");
  assert.equal(harness.shown, " and");
});

test("typed through while the model still writes, it asks for more when that request ends", async () => {
  const harness = new Harness();
  const question = harness.ask("We saw");
  question.says(" the");
  harness.type("We saw the");
  assert.equal(harness.shown, "");
  await question.done(" the");
  assert.deepEqual(harness.asked, ["We saw", "We saw the"]);
});

test("an alternative that is taken back behind what is already typed is asked again after the pause", async () => {
  const harness = new Harness();
  const question = harness.ask("We saw");
  question.says(" the sea");
  harness.type("We saw the se");
  await question.done();
  assert.equal(harness.shown, "");
  harness.pause();
  assert.deepEqual(harness.asked, ["We saw", "We saw the se"]);
});

test("an empty answer is not asked again, and told to a writer who asked by key", async () => {
  const harness = new Harness();
  await harness.ask("We saw").done();
  assert.deepEqual(harness.settled, []);
  assert.equal(harness.questions.length, 1);
  assert.equal(harness.timers.size, 0);
  await harness.askByKey("We saw").done();
  assert.deepEqual(harness.settled, [""]);
});

test("what is told is what stands at the caret, not what is typed already", async () => {
  const harness = new Harness();
  const question = harness.ask("We saw");
  question.says(" the old sea");
  harness.type("We saw the o");
  await question.done(" the old sea and");
  assert.deepEqual(harness.settled, ["ld sea and"]);
});

test("a suggestion that is typed to its end before it settles is not told", async () => {
  for (const isAutomatic of [true, false]) {
    const harness = new Harness();
    harness.configure({ is_automatic: isAutomatic });
    const question = harness.askByKey("We saw");
    question.says(" the");
    harness.type("We saw the");
    await question.done(" the");
    assert.deepEqual(harness.settled, [], `${isAutomatic}`);
  }
});

test("dismissing ends request, suggestion and the pause", () => {
  const harness = new Harness();
  harness.ask("We saw").says(" the sea");
  harness.dismiss();
  assert.equal(harness.shown, "");
  assert.equal(harness.last.signal.aborted, true);
  harness.type("We saw it");
  harness.dismiss();
  assert.equal(harness.timers.size, 0);
  harness.renew();
  assert.equal(harness.timers.size, 0);
});

test("asking by key needs no pause and no confidence", () => {
  const harness = new Harness();
  const { before, gate } = harness.askByKey("We saw");
  assert.deepEqual({ before, gate }, { before: "We saw", gate: null });
});

test("switched off, it suggests only when asked", async () => {
  const harness = new Harness();
  harness.ask("We saw").says(" the sea");
  harness.configure({ is_automatic: false });
  assert.equal(harness.shown, "");
  assert.equal(harness.last.signal.aborted, true);
  harness.type("We saw m");
  assert.equal(harness.timers.size, 0);

  await harness.askByKey("We saw m").done("en");
  assert.equal(harness.shown, "en");
  harness.type("We saw men");
  assert.equal(harness.shown, "");
  assert.equal(harness.questions.length, 2);

  harness.configure({ is_automatic: true });
  harness.pause();
  assert.equal(harness.last.before, "We saw men");
});

test("counts the questions that no key asked, and those that brought something, until the gate is another", async () => {
  const harness = new Harness();
  const first = harness.ask("We saw");
  first.says(" the");
  assert.deepEqual(harness.value.tally, { pauses: 1, withSuggestion: 1 });
  await first.done();
  await harness.ask("I saw").done();
  await harness.ask("You saw").done(" the sea");
  harness.ask("He saw");
  await harness.askByKey("She saw").done(" the sea");
  assert.deepEqual(harness.value.tally, { pauses: 3, withSuggestion: 2 });
  harness.configure({ temperature: 1 });
  assert.deepEqual(harness.value.tally, { pauses: 3, withSuggestion: 2 });
  harness.configure({ gate: 0.5 });
  assert.deepEqual(harness.value.tally, { pauses: 0, withSuggestion: 0 });
});

test("what an input method leaves as it stands is continued when the editor has read it", () => {
  const harness = new Harness();
  harness.ask("We saw").says(" the sea");
  harness.requests.compositionStarted();
  assert.equal(harness.shown, "");
  const text = { changes: { from: 6, insert: " の" }, selection: { anchor: 8 }, userEvent: "input.type.compose" };
  harness.dispatch(text);
  assert.deepEqual([harness.timers.size, harness.value.question], [0, null]);
  harness.requests.compositionEnded();
  assert.deepEqual(
    [...harness.timers.values()].map(({ ms }) => ms),
    [100],
  );
  harness.pause();
  harness.pause();
  assert.equal(harness.last.before, "We saw の");
  harness.dismiss();
  harness.requests.compositionEnded();
  harness.requests.compositionStarted();
  assert.equal(harness.timers.size, 0, "the next one has begun");
});

test("what is asked or taken by a tap amid a composition outlives its end", async () => {
  const harness = new Harness();
  harness.compositionStarted = true;
  harness.requests.compositionStarted();
  harness.dispatch({
    changes: { from: 0, insert: "We saw" },
    selection: { anchor: 6 },
    userEvent: "input.type.compose",
  });
  harness.dispatch({ effects: open.of(null) });
  await harness.last.done(" the sea");
  harness.dispatch({ changes: { from: 6, insert: " the" }, selection: { anchor: 10 }, userEvent: "input.complete" });
  harness.compositionStarted = false;
  harness.requests.compositionEnded();
  harness.pause();
  harness.pause();
  assert.equal(harness.shown, " sea");
  assert.equal(harness.questions.length, 1);
});

test("a deletion amid a composition waits for its end", () => {
  const harness = new Harness();
  harness.compositionStarted = true;
  harness.requests.compositionStarted();
  harness.dispatch({
    changes: { from: 0, insert: "We sawn" },
    selection: { anchor: 7 },
    userEvent: "input.type.compose",
  });
  harness.dispatch({ changes: { from: 6, to: 7 }, selection: { anchor: 6 }, userEvent: "delete.backward" });
  assert.equal(harness.timers.size, 0);
  harness.compositionStarted = false;
  harness.requests.compositionEnded();
  harness.dispatch({ changes: { from: 6, insert: "!" }, selection: { anchor: 7 }, userEvent: "input.type.compose" });
  harness.pause();
  harness.pause();
  assert.deepEqual(harness.asked, ["We saw!"]);
});

test("a dead worker is not its news; when a model is ready again it asks again", async () => {
  const harness = new Harness();
  const question = harness.ask("We saw");
  question.says(" the sea");
  await question.fail(new EngineError("worker_died"));
  assert.equal(harness.shown, "");
  assert.deepEqual(harness.thinking, [true, false]);
  assert.deepEqual(harness.errors, []);
  harness.renew();
  harness.pause();
  assert.deepEqual(harness.asked, ["We saw", "We saw"]);
});

test("any other error is told and leaves nothing behind", async () => {
  const harness = new Harness();
  const question = harness.ask("We saw");
  question.says(" the sea");
  const error = new EngineError("invalid_parameter", {}, "top_k must be a whole number, got 0.5");
  await question.fail(error);
  assert.deepEqual(harness.errors, [error]);
  assert.equal(harness.shown, "");
  assert.deepEqual(harness.thinking, [true, false]);
});

test("an error in showing the answer is told, and the model is not taken to think for ever", async () => {
  const harness = new Harness();
  const question = harness.ask("We saw");
  const error = new Error("no layout");
  harness.coordsAtPos = () => {
    throw error;
  };
  await question.done(" the sea");
  assert.deepEqual(harness.errors, [error]);
  assert.deepEqual(harness.thinking, [true, false]);
});
