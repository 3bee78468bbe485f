// Hides a part of the page without losing the reader's place.

/**
 * @param {HTMLElement} element
 * @param {boolean} isHidden
 * @param {() => void} onFocusLost called if the focus was inside; the browser would put it at the top of the page
 */
export function hide(element, isHidden, onFocusLost) {
  const hadFocus = isHidden && element.contains(document.activeElement);
  element.hidden = isHidden;
  if (hadFocus) onFocusLost();
}
