// A document and what can be derived from it: its title, the model's share, its Markdown, its file name.

import { say } from "../strings/strings.js";

/**
 * The ranges that came from the model, in UTF-16 units, in order, adjacent ones joined.
 * @typedef {[from: number, to: number][]} Marks
 */

/** @typedef {{text: string, marks: Marks}} Content */

/**
 * @typedef {object} Identity
 * @property {string} id
 * @property {string} name "" to use the first line
 * @property {number} revision the number of saves
 * @property {number} changedAt ms since 1970
 */

/** @typedef {Identity & Content} Document */

const TITLE_LENGTH = 60;

/** @param {Pick<Document, "name" | "text">} document */
export function titleOf({ name, text }) {
  const firstLine = /\S.*/.exec(text)?.[0].trimEnd() ?? "";
  return name || shortened(firstLine) || say("document_untitled");
}

/** @param {string} line */
function shortened(line) {
  if (line.length <= TITLE_LENGTH) return line;
  // Counted in characters, as half an emoji would show as a box, and cut between words.
  const start = [...line.slice(0, 2 * TITLE_LENGTH)].slice(0, TITLE_LENGTH).join("");
  return `${start.replace(/\s+\S*$/, "")} …`;
}

/**
 * @param {Content} content
 * @returns {number} percentage of characters from the model; 0 and 100 only for none and all
 */
export function percentFromModel({ text, marks }) {
  const length = marks.reduce((sum, [from, to]) => sum + to - from, 0);
  if (length === 0 || length === text.length) return length === 0 ? 0 : 100;
  return Math.min(99, Math.max(1, Math.round((100 * length) / text.length)));
}

/**
 * The text with the model's words ==highlighted==, a common extension of Markdown. A highlight must not span paragraphs
 * nor begin or end with a space, so each line has its own, without the spaces around the words.
 * @param {Content} content
 */
export function highlighted({ text, marks }) {
  let written = "";
  let end = 0;
  for (const [from, to] of marks) {
    written += text.slice(end, from) + text.slice(from, to).replace(/\S(?:.*\S)?/g, "==$&==");
    end = to;
  }
  return written + text.slice(end);
}

/**
 * @param {string} title
 * @param {"txt" | "md"} extension
 * @returns {string} a name valid on every file system
 */
export function fileNameOf(title, extension) {
  const name = title
    .replace(/[\p{Cc}\p{Cf}<>:"/\\|?*]+/gu, " ")
    .replace(/\s+/g, " ")
    .replace(/^[\s.]+|[\s.…]+$/g, "");
  return `${name || say("document_untitled")}.${extension}`;
}
