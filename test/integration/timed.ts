// How long something takes, and how long is too long.
// Bounds are wide, as the machine may be busy.

/** Milliseconds: where neither side did anything wrong, nobody waits for a time to run out. */
export const SOON = 1_000

/** The milliseconds until the promise settles, and its value. */
export async function timed<T>(promise: Promise<T>): Promise<{ value: T; milliseconds: number }> {
  const began = performance.now()
  const value = await promise
  return { value, milliseconds: performance.now() - began }
}
