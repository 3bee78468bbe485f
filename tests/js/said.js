// The page's words for errors and notices of the engine, which tests compare.

import { wordsOf } from "../../www/strings/errors.js";
import { inWords } from "../../www/strings/strings.js";

/** @param {unknown} error an Error, a Notice, null for silence, or a list of these */
export const said = (error) =>
  [error]
    .flat()
    .filter((one) => one !== null)
    .map((one) => inWords(wordsOf(one)))
    .join(" ");
