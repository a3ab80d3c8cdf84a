// What the ways to read may cost beside push mode, and what each must be worth beside ws; `run.mjs --check` holds them to it.
// A target fails only when the whole interval of its ratio is on the wrong side.

/** `most`: CPU time per message against push mode; `least`: that of ws against this way. */
export const TARGETS = [
  { way: 'push', least: 8 },
  { way: 'push, borrowed', least: 8 },
  { way: 'batches', most: 1.3, least: 8 },
  { way: 'for await', most: 2.5, least: 8 },
  { way: 'readMessage', most: 2.5, least: 8 },
  { way: 'streams', most: 6, least: 1.5 },
]
