// What a document is, and what can be said of one without asking anybody: its title, its model's share, its Markdown.

import { say } from "../strings/strings.js";

/** The ranges that came from the model, in UTF-16 units, in order, none touching the next. @typedef {[from: number, to: number][]} Marks */

/** @typedef {{text: string, marks: Marks}} Content */

/**
 * @typedef {object} Identity
 * @property {string} id
 * @property {string} name "" while it goes by its first line
 * @property {number} revision how often it was saved, 0 for never
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
  // By characters, because half an emoji would show as a box; and not in the middle of a word.
  const start = [...line.slice(0, 2 * TITLE_LENGTH)].slice(0, TITLE_LENGTH).join("");
  return `${start.replace(/\s+\S*$/, "")} …`;
}

/**
 * @param {Content} content
 * @returns {number} how many percent of the characters came from the model; 0 and 100 mean none and all
 */
export function percentFromModel({ text, marks }) {
  const length = marks.reduce((sum, [from, to]) => sum + to - from, 0);
  if (length === 0 || length === text.length) return length === 0 ? 0 : 100;
  return Math.min(99, Math.max(1, Math.round((100 * length) / text.length)));
}

/**
 * The text with the model's words ==highlighted==, as many readers of Markdown know it; line by line, because a highlight
 * must not span paragraphs, and without the spaces around the words, which would undo it.
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
 * @returns {string} a name that every file system takes
 */
export function fileNameOf(title, extension) {
  const name = title
    .replace(/[\p{Cc}\p{Cf}<>:"/\\|?*]+/gu, " ")
    .replace(/\s+/g, " ")
    .replace(/^[\s.]+|[\s.…]+$/g, "");
  return `${name || say("document_untitled")}.${extension}`;
}
