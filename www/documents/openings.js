// First lines for those who do not know how to begin: ours, in English, because the models write English.

/** @import { StringKey } from "../strings.js" */

/** @type {readonly {genre: StringKey, text: string}[]} */
export const OPENINGS = [
  {
    genre: "opening_letter",
    text: "Dear Margaret,\n\nThank you for the photographs. I have hung the one of the harbour above my desk, and ",
  },
  {
    genre: "opening_email",
    text: "Hello everyone,\n\nA short note about Thursday: we meet in the small room on the second floor, because ",
  },
  {
    genre: "opening_story",
    text: "The lighthouse had been dark for eleven years. On the last night of October, a little after two, ",
  },
  {
    genre: "opening_essay",
    text: "We say that we have no time. What we mean, I think, is that ",
  },
  {
    genre: "opening_blog",
    text: "Last spring I gave away half of my books. I had expected to miss them, but ",
  },
  {
    genre: "opening_product",
    text: "A kettle should do one thing well. Ours boils a litre of water in three minutes, and ",
  },
  {
    genre: "opening_diary",
    text: "The train left an hour late, and nobody in our carriage seemed to mind. Outside, ",
  },
];
