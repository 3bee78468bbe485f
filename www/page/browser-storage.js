// The browser's storage, or a stand-in that stores nothing where the browser denies access.

/**
 * @param {"localStorage" | "sessionStorage"} name
 * @returns {Pick<Storage, "getItem" | "setItem" | "removeItem">}
 */
export function browserStorage(name) {
  try {
    return window[name];
  } catch (error) {
    // Where cookies are blocked, reading the property throws.
    return {
      getItem: () => null,
      setItem: () => {
        throw error;
      },
      removeItem: () => {},
    };
  }
}
