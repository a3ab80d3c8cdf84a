// The kernel that always works: plain JavaScript, in place on the caller's bytes.
// It is also what serves where WebAssembly is absent or forbidden.

import { mask } from './js-mask.ts'
import { scan } from './js-scan.ts'
import { utf8 } from './js-utf8.ts'
import type { Kernel } from './kernel.ts'
import { MAX_ROWS, ROW_WORDS } from './layout.ts'

const rows = new Uint32Array(MAX_ROWS * ROW_WORDS)

export const jsKernel: Kernel = {
  name: 'js',
  rows,
  mask,
  utf8,
  scan: (bytes, start, end, state) => scan(bytes, start, end, state, rows),
}
