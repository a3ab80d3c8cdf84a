// Copies a few bytes by a loop and many by set(): making a view of them, or calling set(), costs more than a short loop.
// The limits are those of Node 20, where set() takes 13 ns and a view for it 31 ns.

/** Up to so many bytes a loop copies as fast as set() does. */
export const LOOP_MAX = 12
/** Up to so many as a view for set() is made. */
const LOOP_MAX_FOR_PART = 32

/** Copies source[start..end) to `target` from `at`. */
export function copyBytes(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  at: number,
): void {
  const length = end - start
  if (length === source.length && length > LOOP_MAX) target.set(source, at)
  else if (length > LOOP_MAX_FOR_PART) target.set(source.subarray(start, end), at)
  else for (let i = start; i < end; i++) target[at++] = source[i]
}
