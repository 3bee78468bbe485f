// The line that names the keys.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Harness } from "./harness.js";

const { hintFor } = await import("../../../www/suggestion/hint.js");
const { dismiss, open } = await import("../../../www/suggestion/state.js");

test("the hint names the keys that apply", async () => {
  const harness = new Harness();
  const hint = (isMac = false) => hintFor(harness.value, isMac);
  assert.equal(hint(), "Tab suggest · Esc, Tab leave the text");
  await harness.ask("We saw").done(" sea");
  assert.equal(hint(), "Tab accept · Ctrl+→ word · Esc dismiss");
  assert.equal(hint(true), "Tab accept · ⌥→ word · Esc dismiss");
  await harness.ask("I saw").done(" sea", " bee");
  assert.equal(hint(), "Tab accept · Ctrl+→ word · Alt+] next · Esc dismiss");
  assert.equal(hint(true), "Tab accept · ⌥→ word · ⌥] next · Esc dismiss");
  harness.dispatch({ effects: open.of(null) });
  assert.equal(hint(), "↑ ↓ choose · Enter accept · Esc close");
  harness.dispatch({ effects: dismiss.of({ tabLeaves: true }) });
  assert.equal(hint(), "Tab leaves the text.");
  harness.type("The ra", "in");
  harness.dispatch({ effects: open.of(null) });
  assert.match(hint(), /^Nothing to continue here/);
});
