// One viewer: gets the newest version as soon as the one before has left; what a slow one was not sent yet, it never is.
// RFC 6455 §5.6: each version is one text message.

export class Viewer {
  #conn
  #newest
  #isWriting = false

  /** @param conn with `highWaterMark` 0, so that a write is done once the operating system has it */
  constructor(conn) {
    this.#conn = conn
  }

  show(version) {
    this.#newest = version
    if (!this.#isWriting) this.#write()
  }

  async #write() {
    this.#isWriting = true
    try {
      while (this.#newest !== undefined) {
        const version = this.#newest
        this.#newest = undefined
        await this.#conn.writeMessage(version)
      }
    } catch {
      // The connection is over, and its own loop knows why.
    }
    this.#isWriting = false
  }
}
