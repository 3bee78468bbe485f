// The free part of the window: above a phone's keyboard, and above the bars at the bottom of the page.

/** The distance that popups keep from the edges of the free part. */
export const POPUP_MARGIN_PX = 8;

/**
 * @param {readonly HTMLElement[]} covers the bars at the bottom, shown or hidden
 * @returns {number} the top of the highest one shown, in px from the top of the window
 */
export function coverTopPx(covers) {
  const shown = covers.filter(({ offsetHeight }) => offsetHeight > 0);
  return Math.min(...shown.map((cover) => cover.getBoundingClientRect().top));
}

/**
 * @param {readonly HTMLElement[]} covers
 * @returns {number} how much of the space above the keyboard they cover
 */
export function coveredPx(covers) {
  return keyboardTopPx() - freeBottomPx(covers);
}

/**
 * @param {readonly HTMLElement[]} covers
 * @returns {number} the bottom of the free part, in px from the top of the window
 */
export function freeBottomPx(covers) {
  return Math.min(keyboardTopPx(), coverTopPx(covers));
}

function keyboardTopPx() {
  const { offsetTop, height } = /** @type {VisualViewport} */ (window.visualViewport);
  return offsetTop + height;
}

/**
 * Keeps the style sheet's `--keyboard-height` in step with the keyboard.
 * @param {VisualViewport} viewport
 * @param {HTMLElement} root
 */
export function followKeyboard(viewport, root) {
  const measure = () => {
    // A pinch zoom shrinks the viewport too, without a keyboard.
    const coveredPx = viewport.scale > 1 ? 0 : Math.max(0, root.clientHeight - viewport.height - viewport.offsetTop);
    root.style.setProperty("--keyboard-height", `${coveredPx}px`);
  };
  viewport.addEventListener("resize", measure);
  viewport.addEventListener("scroll", measure);
}
