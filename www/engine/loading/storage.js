// Files kept on this device, in the Origin Private File System; for a worker, since only there writing is synchronous.
//
// A file is what has arrived of it so far; an empty file of the same name with ".complete" says that it is whole and verified.

const COMPLETE = ".complete";

/**
 * What TypeScript knows in workers only.
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
   * What is stored under a name. Any number of tabs may read at once.
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
   * Opens a complete file for reading into memory that is already there.
   * @param {string} name
   * @returns {Promise<StoredParts | null>} null if there is none
   * @throws {DOMException} NoModificationAllowedError while another tab writes it, or reads it in a browser that does not
   *   know the mode
   */
  async open(name) {
    const handle = await this.#find(name);
    if (handle === null || (await this.#find(name + COMPLETE)) === null) return null;
    return new StoredParts(await synchronous(handle).createSyncAccessHandle({ mode: "read-only" }));
  }

  /**
   * Opens a file for writing from `offset` on. One tab may write at a time.
   * @param {string} name
   * @param {number} offset what lies beyond it is cut off
   * @returns {Promise<FileWriter | null>} null if another tab is writing the file or has completed it
   * @throws {RangeError} if what is stored ends before `offset`
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
    // The mark goes first: a file without its mark is only a partial one, a mark without its file would be a lie.
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

/** A file that is read part by part. */
export class StoredParts {
  #access;
  readBytes = 0;

  /** @param {SyncAccessHandle} access */
  constructor(access) {
    this.#access = access;
    this.sizeBytes = access.getSize();
  }

  /**
   * @param {Uint8Array} part gets the file's next bytes
   * @returns {number} how many there were
   */
  read(part) {
    const count = this.#access.read(part, { at: this.readBytes });
    this.readBytes += count;
    return count;
  }

  close() {
    this.#access.close();
  }
}

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
    const written = this.#access.write(bytes, { at: this.#offset });
    if (written < bytes.length) {
      throw new DOMException(`${written} of ${bytes.length} bytes could be written`, "QuotaExceededError");
    }
    this.#offset += written;
  }

  /** Says that the file is whole and verified. */
  async commit() {
    this.#access.flush();
    // Marked while it is still ours alone: once it is closed, another tab may open it and cut it.
    await this.#markComplete();
    this.#access.close();
  }

  /** Leaves the file as it is, for the next download to go on from. */
  close() {
    this.#access.close();
  }
}
