// What work costs: processor time and how it grows, and the memory that is still held behind it.
// Processor time, as a machine is never alone; medians, as the garbage collector comes when it likes.

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Bytes in use behind a collection, on the heap and in buffers. */
function inUse(): { heap: number; buffers: number } {
  // The memory of buffers is given back behind the collection that finds them dead.
  for (let i = 0; i < 3; i++) collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return { heap: heapUsed, buffers: arrayBuffers }
}

/** What the engine's own compiled code and its counts come and go by; nothing below is told from {@link holding}. */
export const NOISE: number = 512 * 1024

/** Makes something, and counts the bytes that are in use since, on the heap and in buffers together. */
export function holding<T>(make: () => T): { result: T; bytes: number } {
  const before = inUse()
  const result = make()
  const after = inUse()
  return { result, bytes: after.heap - before.heap + after.buffers - before.buffers }
}

/** Milliseconds of processor time that `work` takes. */
function cpu(work: () => void): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1]
}

/** Most growth that passes for linear: caches are missed and collections grow with it. */
export const LINEAR = 9
/** Milliseconds below which a collection that comes or does not come tells more than the work. */
const LEAST = 10
const TOO_LONG = 5000

/** How many times longer four times the work takes: some 4 where it is linear, 16 where it is quadratic. */
export function growth(size: number, work: (size: number) => void): number {
  const one: number[] = []
  const four: number[] = []
  work(size)
  for (let round = 0; round < 3; round++) {
    one.push(cpu(() => work(size)))
    four.push(cpu(() => work(4 * size)))
    // What takes so long will not be linear the next time.
    if (four[round] > TOO_LONG) break
  }
  return median(four) / Math.max(LEAST, median(one))
}
