// Whether a model comes with the page, so that it writes before any download.

/** @import { Model } from "../engine/protocol.js" */

/** @param {Model} model */
export const isBundled = ({ files }) => new URL(files.weights.url).origin === new URL(import.meta.url).origin;
