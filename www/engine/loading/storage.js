// Files kept on this device, in the Origin Private File System; for workers, since only they can write synchronously.
//
// A file holds the bytes that have arrived so far; an empty file named with ".complete" marks it as whole and verified.

const COMPLETE = ".complete";

/**
 * TypeScript knows FileSystemSyncAccessHandle in workers only.
 * @typedef {object} SyncAccessHandle
 * @property {() => number} getSize
 * @property {(sizeBytes: number) => void} truncate
 * @property {(bytes: Uint8Array, options: {at: number}) => number} read
 * @property {(bytes: Uint8Array, options: {at: number}) => number} write
 * @property {() => void} flush
 * @property {() => void} close
 */

/**
 * @typedef {object} StoredFile
 * @property {ReadableStream<Uint8Array>} stream
 * @property {boolean} complete
 */

/** @typedef {{createSyncAccessHandle(options?: {mode: "read-only"}): Promise<SyncAccessHandle>}} SyncFileHandle */

export class FileStorage {
  #directory;

  /** @param {FileSystemDirectoryHandle} directory */
  constructor(directory) {
    this.#directory = directory;
  }

  /**
   * @param {StorageManager | undefined} manager `navigator.storage`, absent outside secure contexts
   * @returns {Promise<FileStorage | null>} null where the browser gives this page no file system, as in some private windows
   */
  static async open(manager) {
    try {
      const root = await manager?.getDirectory();
      return root === undefined ? null : new FileStorage(await root.getDirectoryHandle("models", { create: true }));
    } catch {
      return null;
    }
  }

  /**
   * Opens a file as a stream, complete or not. Any number of tabs may read at once.
   * @param {string} name
   * @returns {Promise<StoredFile | null>}
   */
  async read(name) {
    const handle = await this.#find(name);
    if (handle === null) return null;
    const complete = (await this.#find(name + COMPLETE)) !== null;
    return { stream: (await handle.getFile()).stream(), complete };
  }

  /**
   * Opens a complete file for reading; the caller closes it.
   * @param {string} name
   * @returns {Promise<SyncAccessHandle | null>} null if there is none
   * @throws {DOMException} NoModificationAllowedError while another tab writes it, or reads it in a browser without the
   *   read-only mode
   */
  async open(name) {
    const handle = await this.#find(name);
    if (handle === null || (await this.#find(name + COMPLETE)) === null) return null;
    return synchronous(handle).createSyncAccessHandle({ mode: "read-only" });
  }

  /**
   * Opens a file for writing from `offset` on. One tab may write at a time.
   * @param {string} name
   * @param {number} offset the rest of the file is cut off
   * @returns {Promise<FileWriter | null>} null if another tab is writing the file or has completed it
   * @throws {RangeError} if the file ends before `offset`
   */
  async append(name, offset) {
    const handle = synchronous(await this.#directory.getFileHandle(name, { create: true }));
    const access = await handle.createSyncAccessHandle().catch(nullOn("NoModificationAllowedError"));
    if (access === null) return null;
    const isComplete = (await this.#find(name + COMPLETE)) !== null;
    const isShort = access.getSize() < offset;
    if (isComplete || isShort) access.close();
    if (isComplete) return null;
    if (isShort) throw new RangeError("its first part is no longer stored");
    access.truncate(offset);
    return new FileWriter(access, offset, async () => {
      await this.#directory.getFileHandle(name + COMPLETE, { create: true });
    });
  }

  /** @param {string} name */
  async delete(name) {
    // The mark goes first: a file without its mark is merely incomplete, a mark without its file would be a lie.
    for (const entry of [name + COMPLETE, name]) {
      if ((await this.#find(entry)) !== null) await this.#directory.removeEntry(entry);
    }
  }

  /** @param {string} name */
  #find(name) {
    return this.#directory.getFileHandle(name).catch(nullOn("NotFoundError"));
  }
}

/** @param {FileSystemFileHandle} handle */
const synchronous = (handle) => /** @type {SyncFileHandle} */ (/** @type {unknown} */ (handle));

/** @param {string} expected the name of the one error that means null */
const nullOn = (expected) => (/** @type {DOMException} */ error) => {
  if (error.name === expected) return null;
  throw error;
};

export class FileWriter {
  #access;
  #offset;
  #markComplete;

  /**
   * @param {SyncAccessHandle} access
   * @param {number} offset
   * @param {() => Promise<void>} markComplete
   */
  constructor(access, offset, markComplete) {
    this.#access = access;
    this.#offset = offset;
    this.#markComplete = markComplete;
  }

  /**
   * @param {Uint8Array} bytes
   * @throws {DOMException} QuotaExceededError when the device or the page's share of it is full
   */
  write(bytes) {
    this.#access.write(bytes, { at: this.#offset });
    this.#offset += bytes.length;
    this.#assertWritten(this.#offset);
  }

  /**
   * Lets the engine write a part of the file.
   * @param {(access: SyncAccessHandle) => number | undefined} writeNext returns how long the file must be afterwards, or
   *   undefined if nothing was left to write
   * @returns {boolean} false if nothing was left to write
   * @throws {DOMException} as `write`
   */
  writeBy(writeNext) {
    const sizeBytes = writeNext(this.#access);
    if (sizeBytes !== undefined) this.#assertWritten(sizeBytes);
    return sizeBytes !== undefined;
  }

  /** Marks the file as whole and verified, and closes it. */
  async commit() {
    this.#access.flush();
    // Before it is closed, while no other tab can open and truncate it.
    await this.#markComplete();
    this.#access.close();
  }

  /** Leaves the file as it is, for the next download to continue. */
  close() {
    this.#access.close();
  }

  /** A full device may write less than asked without an error. @param {number} sizeBytes */
  #assertWritten(sizeBytes) {
    const written = this.#access.getSize();
    if (written >= sizeBytes) return;
    throw new DOMException(`${written} of ${sizeBytes} bytes could be written`, "QuotaExceededError");
  }
}
