// An element that index.html is known to have.

/**
 * @template {HTMLElement} [Kind=HTMLElement]
 * @param {string} id
 */
export const byId = (id) => /** @type {Kind} */ (document.getElementById(id));
