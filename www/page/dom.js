// DOM helpers: find, make and hide elements, and offer a text as a file.

/**
 * An element of index.html, which must exist.
 *
 * @template {HTMLElement} [Kind=HTMLElement]
 * @param {string} id
 */
export const byId = (id) => /** @type {Kind} */ (document.getElementById(id));

/**
 * The first descendant of `root` that matches, which must exist.
 *
 * @template {HTMLElement} [Kind=HTMLElement]
 * @param {ParentNode} root
 * @param {string} selector
 */
export const find = (root, selector) => /** @type {Kind} */ (root.querySelector(selector));

/**
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {Partial<HTMLElementTagNameMap[Name]>} properties
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Name]}
 */
export function element(name, properties, ...children) {
  const node = Object.assign(document.createElement(name), properties);
  node.append(...children);
  return node;
}

/**
 * Hides or shows an element without losing the focus.
 *
 * @param {HTMLElement} element
 * @param {boolean} isHidden
 * @param {() => void} onFocusLost called if the focus was inside; the browser would move it to the top of the page
 */
export function hide(element, isHidden, onFocusLost) {
  const hadFocus = isHidden && element.contains(document.activeElement);
  element.hidden = isHidden;
  if (hadFocus) onFocusLost();
}

/**
 * Offers a text as a download, without a server.
 *
 * @param {string} name
 * @param {string} text
 * @param {string} type
 */
export function saveFile(name, text, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  link.download = name;
  // Never revoked: browsers do not say when they have read the file.
  link.click();
}
