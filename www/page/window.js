// How much of the window is free: not behind a phone's keyboard, nor under what the page keeps at the window's bottom.

/**
 * @param {readonly HTMLElement[]} covers what the page keeps there, as far as it is shown
 * @returns {number} where the first of them begins, in px from the window's top
 */
export function coverTopPx(covers) {
  const shown = covers.filter(({ offsetHeight }) => offsetHeight > 0);
  return Math.min(...shown.map((cover) => cover.getBoundingClientRect().top));
}

/**
 * @param {readonly HTMLElement[]} covers
 * @returns {number} how much of what the keyboard leaves they cover
 */
export function coveredPx(covers) {
  return keyboardTopPx() - freeBottomPx(covers);
}

/**
 * @param {readonly HTMLElement[]} covers
 * @returns {number} where the free part ends, in px from the window's top
 */
export function freeBottomPx(covers) {
  return Math.min(keyboardTopPx(), coverTopPx(covers));
}

function keyboardTopPx() {
  const { offsetTop, height } = /** @type {VisualViewport} */ (window.visualViewport);
  return offsetTop + height;
}

/**
 * Tells the style sheet how much of the page's bottom the keyboard covers.
 * @param {VisualViewport} viewport
 * @param {HTMLElement} root
 */
export function followKeyboard(viewport, root) {
  const measure = () => {
    // Zoomed in with two fingers, the window shows a part of the page for another reason.
    const coveredPx = viewport.scale > 1 ? 0 : Math.max(0, root.clientHeight - viewport.height - viewport.offsetTop);
    root.style.setProperty("--keyboard-height", `${coveredPx}px`);
  };
  viewport.addEventListener("resize", measure);
  viewport.addEventListener("scroll", measure);
}
