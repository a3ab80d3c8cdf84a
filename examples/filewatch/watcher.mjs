// Follows one file: what it holds now, or why that cannot be shown, whenever either changes.
// Its folder is watched, so that a file that vanishes and returns is the same to us; the clock looks too, where nobody tells.

import { watch } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'

/** Bytes of the largest file that is shown. */
const SIZE_LIMIT = 1024 * 1024
/** Changes so close together are one, in milliseconds; so much later a change is seen. */
const SETTLE = 100
/**
 * Pause between two looks at the file's time of change, in milliseconds: network file systems and targets of symbolic links tell
 * nothing, and a folder that is made anew is no longer the one that is watched.
 */
const POLL = 1000

/** What is known of the file: `text` and `modified`, or a `note` that says why there is none. */
async function look(path) {
  const { size, mtime } = await stat(path).then((stats) => {
    // Opening a pipe or a device might wait for ever.
    if (!stats.isFile()) throw Object.assign(new Error(), { code: 'EISDIR' })
    return stats
  })
  if (size <= SIZE_LIMIT) {
    const file = await open(path)
    try {
      // It may have grown since: what is read is limited, whatever its size was.
      const bytes = Buffer.alloc(SIZE_LIMIT + 1)
      let length = 0
      while (length < bytes.length) {
        const { bytesRead } = await file.read(bytes, length, bytes.length - length)
        if (bytesRead === 0) break
        length += bytesRead
      }
      if (length <= SIZE_LIMIT) {
        return { text: new TextDecoder().decode(bytes.subarray(0, length)), modified: mtime.getTime() }
      }
    } finally {
      await file.close()
    }
  }
  return { note: `The file is too large: more than ${SIZE_LIMIT} bytes are not shown.` }
}

const reasons = {
  ENOENT: 'The file is not there. It will be shown when it is.',
  ENOTDIR: 'The file is not there. It will be shown when it is.',
  EACCES: 'The file may not be read.',
  EISDIR: 'This is not a file.',
}

export class FileWatcher {
  /** The newest version: the text of the message that tells it. Undefined until the first look is done. */
  version
  #path
  #name
  #onVersion
  #watching
  #timer
  #polling
  #isLooking = false
  #isStale = false
  /** Of the file when it was last looked at, as far as `stat` tells. */
  #stamp

  /** @param onVersion called with each new version */
  constructor(path, onVersion) {
    this.#path = resolve(path)
    this.#name = basename(path)
    this.#onVersion = onVersion
    this.#polling = setInterval(() => this.#poll(), POLL).unref()
    this.#watch()
    this.#look()
  }

  close() {
    clearInterval(this.#polling)
    clearTimeout(this.#timer)
    this.#watching?.close()
  }

  #watch() {
    try {
      // The file itself would be lost with its first replacement by another of the same name.
      const watching = watch(dirname(this.#path), { persistent: false }, (_, name) => {
        if (name === null || name === basename(this.#path)) this.#changed()
      })
      watching.on('error', () => watching.close())
      this.#watching = watching
    } catch {
      // No folder, or no way to watch it: the clock looks alone.
    }
  }

  /** Looks a little later: a change is seldom a single one. Not put off by further ones, which may never end. */
  #changed() {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#look()
    }, SETTLE)
  }

  async #poll() {
    if ((await this.#stampNow()) !== this.#stamp) this.#changed()
  }

  #stampNow() {
    return stat(this.#path).then(
      ({ mtimeMs, size, ino }) => `${mtimeMs} ${size} ${ino}`,
      ({ code }) => code,
    )
  }

  async #look() {
    if (this.#isLooking) {
      this.#isStale = true
      return
    }
    this.#isLooking = true
    do {
      this.#isStale = false
      this.#stamp = await this.#stampNow()
      const found = await look(this.#path).catch(({ code }) => ({
        note: reasons[code] ?? `The file cannot be read: ${code}.`,
      }))
      const version = JSON.stringify({ name: this.#name, ...found })
      if (version !== this.version) {
        this.version = version
        this.#onVersion(version)
      }
    } while (this.#isStale)
    this.#isLooking = false
  }
}
