// Gives the reader a file, as any download: it is made here, no server takes part.

/**
 * @param {string} name
 * @param {string} text
 * @param {string} type
 */
export function saveFile(name, text, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  link.download = name;
  // The address stays valid as long as the page: when a browser has read the file, it does not tell.
  link.click();
}
