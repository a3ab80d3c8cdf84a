// The kernel's records, written once: the scan state, the rows and the map of the WASM module's linear memory.
// Read by tsc and by asc, so it holds only integer constants: no types, no imports, nothing at or above 2^31.

// ── Scan state: one Uint32Array of STATE_WORDS per decoder. ────────────────────────────────────────────────
//
//   word  0 ┌ configuration, written by the decoder, read by the kernel
//         5 │
//         6 ├ the message in progress (RFC 6455 §5.4)
//        10 │
//        11 ├ a header cut by the end of the bytes: its first 0..13 bytes
//        15 │
//        16 ├ a frame cut by the end of the bytes: still masked, moved on by the decoder
//        20 │
//        21 ├ results of the last scan
//        25 └

/** OR of the CONFIG_* flags. */
export const STATE_CONFIG = 0
/** Most wire bytes of an uncompressed message, low and high word; inclusive. */
export const STATE_LIMIT_LO = 1
export const STATE_LIMIT_HI = 2
/** Most wire bytes of a compressed message (first frame with RSV1), low and high word; inclusive. */
export const STATE_LIMIT_RSV1_LO = 3
export const STATE_LIMIT_RSV1_HI = 4
/** Most frames of one message; inclusive, empty ones count. */
export const STATE_MAX_FRAGMENTS = 5

/** 0 between messages, else opcode (1 or 2) of the message in progress, OR'ed with ROW_COMPRESSED. */
export const STATE_MESSAGE = 6
/** Sum of the announced lengths of the message's frames so far, low and high word. */
export const STATE_LENGTH_LO = 7
export const STATE_LENGTH_HI = 8
/** Frames of the message so far. */
export const STATE_FRAGMENTS = 9
/** UTF-8 automaton of the message's text, a UTF8_* value with UTF8_WIDE. */
export const STATE_UTF8 = 10

/** Bytes of a cut header that are held, 0..13; they stand in the four words from STATE_HEAD, little-endian. */
export const STATE_HEAD_COUNT = 11
export const STATE_HEAD = 12

/** ROW_* flags of the cut frame. */
export const STATE_FRAME = 16
/** Payload bytes of the cut frame that the decoder has not moved yet, low and high word; both 0: no cut frame. */
export const STATE_LEFT_LO = 17
export const STATE_LEFT_HI = 18
/** Masking key as loaded little-endian from the wire; 0 for an unmasked frame. */
export const STATE_KEY = 19
/** Index 0..3 of the key byte that the next payload byte of the cut frame meets. */
export const STATE_PHASE = 20

/** Bytes consumed by the last scan, counted from its start. */
export const STATE_CONSUMED = 21
/** Rows written by the last scan. */
export const STATE_ROW_COUNT = 22
/** OR of the FAULT_* bits of one frame; not 0 only when the scan returned SCAN_FAULT. */
export const STATE_FAULT = 23
/** Where the fault is, as i32 relative to the scan's start; negative when its header began in earlier bytes. */
export const STATE_FAULT_AT = 24

export const STATE_WORDS = 26

// ── Configuration flags. ───────────────────────────────────────────────────────────────────────────────────

/** Frames must be masked (we are the server); else they must not be (RFC 6455 §5.1). */
export const CONFIG_MASKED = 1
/** RSV1 on the first frame of a message is allowed (an extension owns it). */
export const CONFIG_RSV1 = 2
/** Lengths need not be in their shortest form. */
export const CONFIG_LENIENT_LENGTH = 4
/** Texts are not checked to be UTF-8. */
export const CONFIG_SKIP_UTF8 = 8

// ── Rows: ROW_WORDS words each, one per frame, or per part of a frame that the end of the bytes cut. ────────
//
//   ┌────────────┬─────────────────────────┬──────────────────────┬───────────────────────────────┐
//   │ flags      │ payload start, relative │ payload bytes here   │ header's first byte, relative │
//   │            │ to the scan's start     │                      │ to the scan's start (i32)     │
//   └────────────┴─────────────────────────┴──────────────────────┴───────────────────────────────┘

export const ROW_WORDS = 4
/** Rows that a kernel's row buffer holds. */
export const MAX_ROWS = 4096

/** Opcode of the frame; of the message for a continuation frame. */
export const ROW_OPCODE = 0x0f
/** The bit of the opcode that control frames have. */
export const ROW_CONTROL = 0x08
/** The first frame of its message. Control frames have it too. */
export const ROW_FIRST = 0x10
/** The payload goes on behind the bytes that were scanned; what is here is still masked. */
export const ROW_PARTIAL = 0x20
/** The message's first frame had RSV1. */
export const ROW_COMPRESSED = 0x40
/** FIN is set. */
export const ROW_FIN = 0x80
/** Everything of a text message seen so far, this frame included, is ASCII. Only on complete frames. */
export const ROW_ASCII = 0x100

// ── What a scan returns. ───────────────────────────────────────────────────────────────────────────────────

/** All bytes are consumed. */
export const SCAN_NEED_MORE = 0
/** The row buffer is full; scan again from the consumed byte. */
export const SCAN_ROWS_FULL = 1
/** The last row is a complete Close frame; nothing behind it is a frame (RFC 6455 §5.5.1). */
export const SCAN_CLOSE_SEEN = 2
/** STATE_FAULT and STATE_FAULT_AT say what and where; the rows before it are good. */
export const SCAN_FAULT = 3

// ── Faults. One header may show several of the first nine. ─────────────────────────────────────────────────

export const FAULT_RSV1 = 0x1
export const FAULT_RSV2 = 0x2
export const FAULT_RSV3 = 0x4
/** Opcode 3..7 or 0xB..0xF. */
export const FAULT_OPCODE = 0x8
/** Control frame without FIN. */
export const FAULT_CONTROL_FIN = 0x10
/** Control frame with a 16- or 64-bit length. */
export const FAULT_CONTROL_LENGTH = 0x20
/** Text or binary frame while a message is open. */
export const FAULT_DATA_BEFORE_FIN = 0x40
/** Continuation frame with no message open. */
export const FAULT_CONTINUATION = 0x80
/** MASK bit wrong for the sender's role. */
export const FAULT_MASK = 0x100
/** Length not in its shortest form. */
export const FAULT_LENGTH_FORM = 0x200
/** Most significant bit of a 64-bit length set. */
export const FAULT_LENGTH_MSB = 0x400
/** Message longer than its limit. */
export const FAULT_TOO_BIG = 0x800
/** More frames in a message than STATE_MAX_FRAGMENTS. */
export const FAULT_FRAGMENTS = 0x1000
/** Text that is not UTF-8. */
export const FAULT_UTF8 = 0x2000

// ── UTF-8 automaton (Unicode 15, table 3-7): what may follow. ──────────────────────────────────────────────

/** Between characters. The start, and the only state in which a text may end. */
export const UTF8_ACCEPT = 0
/** One, two or three more continuation bytes 80..BF. */
export const UTF8_TAIL1 = 1
export const UTF8_TAIL2 = 2
export const UTF8_TAIL3 = 3
/** After E0: A0..BF, then one more. */
export const UTF8_E0 = 4
/** After ED: 80..9F, then one more (no surrogates). */
export const UTF8_ED = 5
/** After F0: 90..BF, then two more. */
export const UTF8_F0 = 6
/** After F4: 80..8F, then two more. */
export const UTF8_F4 = 7
/** Mask of the values above. */
export const UTF8_STATE = 7
/** Set once a byte above 7F was seen. */
export const UTF8_WIDE = 8

// ── Linear memory of the WASM module: never grown, so that views never detach. ─────────────────────────────
//
//   0x000000 ┌──────────────────────────────┐
//            │ unused (a null page)         │
//   0x000400 ├──────────────────────────────┤ asc's memoryBase: constants
//   0x001000 ├──────────────────────────────┤
//            │ state of the running scan    │
//   0x001100 ├──────────────────────────────┤
//            │ unused                       │
//   0x010000 ├──────────────────────────────┤
//            │ rows: 4096 × 16 bytes        │
//   0x020000 ├──────────────────────────────┤
//            │ window: 64 KiB of wire bytes │
//   0x030000 ├──────────────────────────────┤
//            │ slack for vector loads       │
//   0x040000 ├──────────────────────────────┤
//            │ outgoing bytes: 1 MiB        │
//   0x140000 └──────────────────────────────┘

export const STATE_PTR = 0x1000
export const ROWS_PTR = 0x10000
export const WINDOW_PTR = 0x20000
/** Most bytes that one scan takes. */
export const WINDOW_BYTES = 0x10000
/** Memory for encoders; pages of it that nobody uses cost nothing. */
export const OUTGOING_PTR = 0x40000
export const OUTGOING_BYTES = 0x100000
export const MEMORY_PAGES = 20
