import type { Kernel } from '../src/kernel/kernel.ts'

declare const native: Kernel | undefined
export = native
