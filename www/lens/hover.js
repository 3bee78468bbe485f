// Reports where in the text the pointer rests or a finger taps.

/**
 * @import { EditorView } from "@codemirror/view"
 * @import { Clock } from "../suggestion/request.js"
 */

const REST_MS = 300;

/**
 * @typedef {object} HoverWorld
 * @property {Clock} clock
 * @property {(place: {target: Element, x: number, y: number}) => void} onRest
 * @property {() => void} onLeave the pointer has been outside the editor for a while
 */

/** A plugin of the editor. */
export class Hover {
  #view;
  #world;
  /** @type {any} */
  #timer;

  /**
   * @param {EditorView} view
   * @param {HoverWorld} world
   */
  constructor(view, world) {
    this.#view = view;
    this.#world = world;
    // On the whole editor, as a popup belongs to it too.
    view.dom.addEventListener("pointermove", this.#move);
    view.dom.addEventListener("pointerleave", this.#leave);
    view.dom.addEventListener("click", this.#rest);
  }

  destroy() {
    this.#world.clock.clearTimeout(this.#timer);
    this.#view.dom.removeEventListener("pointermove", this.#move);
    this.#view.dom.removeEventListener("pointerleave", this.#leave);
    this.#view.dom.removeEventListener("click", this.#rest);
  }

  // A finger never rests and leaves at once, so only its taps count.
  /** @param {PointerEvent} event */
  #move = (event) => {
    if (event.pointerType !== "touch") this.#rest(event);
  };

  /** @param {PointerEvent} event */
  #leave = (event) => {
    if (event.pointerType !== "touch") this.#later(() => this.#world.onLeave());
  };

  /** @param {MouseEvent} event */
  #rest = ({ target, clientX: x, clientY: y }) => {
    const place = { target: /** @type {Element} */ (target), x, y };
    this.#later(() => this.#world.onRest(place));
  };

  /** @param {() => void} act called after a rest, unless something else happens first */
  #later(act) {
    const { clock } = this.#world;
    clock.clearTimeout(this.#timer);
    this.#timer = clock.setTimeout(act, REST_MS);
  }
}
