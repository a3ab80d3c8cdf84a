// The application at the end of every decoder: it reads each message it is handed, the same way whoever decoded it.
// A message nobody looks into would let a decoder leave out work that a real application makes it do.

import assert from 'node:assert'

export class Reader {
  messages = 0
  /** Of what was read: equal for all who decode the same bytes. */
  sum = 0
  /** Copies of whole payloads while the decoder is checked, undefined while it is timed. */
  kept = []

  binary(data) {
    this.messages++
    this.sum += data[0] + data.byteLength
    if (this.kept !== undefined) this.kept.push(Buffer.from(data))
  }

  range(source, start, length) {
    this.messages++
    this.sum += source[start] + length
    if (this.kept !== undefined) this.kept.push(Buffer.from(source.subarray(start, start + length)))
  }

  text(text) {
    this.messages++
    this.sum += text.length + text.charCodeAt(text.length - 1)
    if (this.kept !== undefined) this.kept.push(Buffer.from(text))
  }

  /** The messages seen so far must be `payloads`; from now on they are only read. */
  check(payloads) {
    const { kept, sum, messages } = this
    this.kept = undefined
    assert.strictEqual(messages, payloads.length, 'wrong number of messages')
    for (const [i, payload] of payloads.entries()) assert(payload.equals(kept[i]), `message ${i} is wrong`)
    this.messages = 0
    this.sum = 0
    return { sum, messages }
  }

  /** Since the last call `times` times what `check` returned must have been read. */
  assertRead(times, { sum, messages }) {
    assert.strictEqual(this.messages, times * messages, 'messages were lost')
    assert.strictEqual(this.sum, times * sum, 'messages were read wrongly')
    this.messages = 0
    this.sum = 0
  }
}

/** Of a large message it reads the last byte too: the one that came last. */
export class LargeReader extends Reader {
  binary(data) {
    super.binary(data)
    this.sum += data[data.byteLength - 1]
  }
}
