// The kernel that always works: plain JavaScript, in place on the caller's bytes.
// It is also what serves where WebAssembly is absent or forbidden.

import { mask } from './js-mask.ts'
import { rows, scan } from './js-scan.ts'
import { utf8 } from './js-utf8.ts'
import type { Kernel } from './kernel.ts'

export const jsKernel: Kernel = { name: 'js', rows, mask, utf8, scan }
