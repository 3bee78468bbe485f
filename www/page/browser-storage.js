// The browser's storage, or one that keeps nothing where the browser gives none.

/**
 * @param {"localStorage" | "sessionStorage"} name
 * @returns {Pick<Storage, "getItem" | "setItem" | "removeItem">}
 */
export function browserStorage(name) {
  try {
    return window[name];
  } catch (error) {
    // Where cookies are blocked, merely naming it throws.
    return {
      getItem: () => null,
      setItem: () => {
        throw error;
      },
      removeItem: () => {},
    };
  }
}
