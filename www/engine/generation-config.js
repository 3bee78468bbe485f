// Refuses parameters that would change on the way to the engine, which itself checks their names and ranges.

import { EngineError } from "./errors.js";

/** @import { GenerationConfig } from "./protocol.js" */

/**
 * @param {GenerationConfig & {gate?: number | null}} parameters
 * @throws {EngineError} generation_config
 */
export function assertSendable(parameters) {
  for (const [name, value] of Object.entries(parameters)) {
    // JSON leaves it out too.
    if (value === undefined) continue;
    for (const item of Array.isArray(value) ? value : [value]) {
      // JSON would turn it into null, which stands for the default.
      if (typeof item === "number" && !Number.isFinite(item)) refuse(`${name} must be a finite number, got ${item}`);
      if (item !== null && !["number", "string", "boolean"].includes(typeof item)) {
        refuse(`${name} must be a number, a string, true, false or a list of these, got ${typeof item}`);
      }
    }
  }
}

/** @param {string} message */
function refuse(message) {
  throw new EngineError("generation_config", {}, message);
}
