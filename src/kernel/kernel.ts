// The kernel contract: the hot path of the codec (RFC 6455 §5.2, §5.3, §8.1) as three functions over plain offsets.
// Kernels trust their arguments, allocate nothing and throw nothing; test/reference/ says what they must compute.

/** Memory of a kernel's own, given away in parts. */
export interface OutgoingMemory {
  /** All of it; the kernel works in place in this very view. */
  readonly bytes: Uint8Array
  /**
   * Gives a part away for good; several copies of the library may share one kernel.
   * @returns index in `bytes` of `length` bytes that nobody else has; -1 when there are none left
   */
  claim(length: number): number
}

/** The hot path of the codec. Arguments are trusted: out of range, or of another type, nothing is promised. */
export interface Kernel {
  /** Which of the three it is. */
  readonly name: 'js' | 'wasm' | 'native'

  /** The rows of this kernel's last scan: MAX_ROWS × ROW_WORDS words (layout.ts). Overwritten by the next scan. */
  readonly rows: Uint32Array

  /** Memory for bytes on their way out, which {@link mask} changes without copying them; absent where any memory is as good. */
  readonly outgoing?: OutgoingMemory

  /**
   * Copies `length` bytes and XORs them with the masking key (RFC 6455 §5.3).
   * The two ranges are either identical (in place) or disjoint.
   *
   * @param key masking key as loaded little-endian from the wire, 0..2^32-1
   * @param phase index 0..3 of the key byte that the first byte meets
   * @returns the phase behind the last byte
   */
  mask(
    source: Uint8Array,
    sourceStart: number,
    target: Uint8Array,
    targetStart: number,
    length: number,
    key: number,
    phase: number,
  ): number

  /**
   * Runs the UTF-8 automaton over bytes[start..end).
   *
   * @param state a UTF8_* value of layout.ts, OR'ed with UTF8_WIDE; 0 at the start of a text
   * @returns the state behind the last byte; or, when the text is no prefix of valid UTF-8, the bitwise complement
   *   (so a negative number) of the index in `bytes` of the first byte that makes it so
   */
  utf8(bytes: Uint8Array, start: number, end: number, state: number): number

  /**
   * Walks the frames in bytes[start..end), at most WINDOW_BYTES: judges each header, unmasks each complete payload in
   * place, checks the UTF-8 of uncompressed text, and writes one row per frame into {@link rows}.
   * No frame may be in progress (STATE_LEFT must be 0); a header may.
   *
   * @param state the decoder's record of STATE_WORDS words (layout.ts), read and updated
   * @returns one of SCAN_NEED_MORE, SCAN_ROWS_FULL, SCAN_CLOSE_SEEN, SCAN_FAULT
   */
  scan(bytes: Uint8Array, start: number, end: number, state: Uint32Array): number
}
