// The exports of the WASM kernel, nothing else; src/kernel/wasm.ts is their only caller.
// All pointers are into linear memory, laid out by src/kernel/layout.ts.

export { mask } from './mask'
export { scan } from './scan'
export { utf8 } from './utf8'
