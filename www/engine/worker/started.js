// Sends a nested worker its first message, and waits until it is ready.

/**
 * @param {Worker} worker
 * @param {unknown} message its first
 * @returns {Promise<void>} rejects if it cannot be started
 */
export const started = (worker, message) =>
  new Promise((resolve, reject) => {
    worker.onmessage = () => {
      worker.onerror = null;
      resolve();
    };
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(event.message || "its files could not be loaded"));
    };
    worker.postMessage(message);
  });
