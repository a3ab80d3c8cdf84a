// The linear memory of the transcoder's WASM module, written once, read by tsc and by asc: 4 pages, never grown.
//
//   0x00000 ┌──────────────────────────────┐
//           │ unused (a null page)         │
//   0x00400 ├──────────────────────────────┤ asc's memoryBase: constants
//   0x01000 ├──────────────────────────────┤
//           │ swizzles: 256 × 16 bytes     │
//   0x02000 ├──────────────────────────────┤
//           │ unused                       │
//   0x10000 ├──────────────────────────────┤
//           │ source: 64 KiB of UTF-8      │
//   0x20000 ├──────────────────────────────┤
//           │ target: 64 Ki units of UTF-16│
//   0x40000 └──────────────────────────────┘ and a page of slack for vector stores

export const SWIZZLES_PTR = 0x1000
export const SOURCE_PTR = 0x10000
/** Most bytes of one call. */
export const SOURCE_BYTES = 0x10000
export const TARGET_PTR = 0x20000
export const TRANSCODER_PAGES = 5
