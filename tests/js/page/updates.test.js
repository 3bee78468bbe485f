// The line that offers a new version: what its button does, and what it says otherwise.

import assert from "node:assert/strict";
import { test } from "node:test";
import { UpdateOffer } from "../../../www/page/updates.js";

class Offer {
  words = { textContent: "" };
  isSaved = true;
  isFree = true;
  reloads = 0;
  /** @type {string[]} */
  announced = [];
  #button = new EventTarget();

  constructor() {
    const root = { hidden: true, firstElementChild: this.words, querySelector: () => this.#button };
    const offer = new UpdateOffer(/** @type {any} */ (root), {
      save: async () => this.isSaved,
      reload: () => this.reloads++,
      announce: (sentence) => this.announced.push(sentence),
    });
    offer.offer(async () => this.isFree);
  }

  async click() {
    this.#button.dispatchEvent(new Event("click"));
    await new Promise(setImmediate);
  }
}

test("a new version starts once the text is saved and no other tab needs the old one; otherwise the line says why not", async () => {
  const offer = new Offer();
  assert.equal(offer.words.textContent, "A new version is ready.");
  offer.isSaved = false;
  await offer.click();
  assert.match(offer.words.textContent, /your text is not saved, .* close this page and open it again/);
  offer.isSaved = true;
  offer.isFree = false;
  await offer.click();
  assert.match(offer.words.textContent, /close them first/);
  assert.equal(offer.reloads, 0);
  offer.isFree = true;
  await offer.click();
  assert.equal(offer.reloads, 1);
  assert.equal(offer.announced.length, 3);
});
