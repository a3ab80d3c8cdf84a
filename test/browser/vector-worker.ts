// Runs in a dedicated worker of a browser: replays the vectors of test/vectors on the packaged codec.
// Answers with the kernel that served, and with every vector that did not give its events (RFC 6455 §5 to §8).

import { getKernel, kernelName, kernelReason } from 'gibbon-ws/codec'
import { parseVectors } from '../vectors/parse-vectors.ts'
import { replay } from '../vectors/replay.ts'

export interface Report {
  readonly kernel: string
  readonly reason: string
  /** Vectors replayed, each whole, byte by byte and at every cut. */
  readonly vectors: number
  readonly failures: readonly string[]
  /** Globals that only Node has and that a polyfill would bring. */
  readonly nodeGlobals: readonly string[]
}

interface WorkerScope {
  onmessage: ((event: MessageEvent<readonly string[]>) => void) | null
  postMessage(report: Report): void
}
const scope = globalThis as unknown as WorkerScope

scope.onmessage = ({ data: files }) => {
  const failures: string[] = []
  const vectors = files.flatMap(parseVectors)
  for (const vector of vectors) {
    try {
      replay(vector, getKernel())
    } catch (error) {
      failures.push(`${vector.name}: ${error}`)
    }
  }
  scope.postMessage({
    kernel: kernelName(),
    reason: kernelReason(),
    vectors: vectors.length,
    failures,
    nodeGlobals: ['process', 'Buffer', 'global', 'require', 'setImmediate'].filter(
      (name) => name in globalThis,
    ),
  })
}
