// Ends a process that may not want to: first its input ends, then it is asked to end, then it is killed.
// For the bridge of a WebSocket whose peer has left (RFC 6455 §7.1), and for all that a process has started itself.

import { setTimeout as sleep } from 'node:timers/promises'

/** Between the end of the input, SIGTERM and SIGKILL, in milliseconds. */
const PATIENCE = 1000

/** Whether this system has groups of processes: a process is then started as the first of one, with its children in it. */
export const hasGroups = process.platform !== 'win32'

function signal(child, name) {
  try {
    if (hasGroups) process.kill(-child.pid, name)
    else child.kill(name)
  } catch {
    // Nobody is left.
  }
}

/**
 * Ends the process and whatever it has started.
 *
 * @param child started with `detached: hasGroups`
 * @param gone settles once the process has ended and its outputs are closed; then nothing more is done
 */
export async function endProcess(child, gone) {
  const patience = new AbortController()
  gone.then(() => patience.abort())
  const wait = () => sleep(PATIENCE, undefined, { signal: patience.signal })
  child.stdin.end()
  try {
    await wait()
    signal(child, 'SIGTERM')
    await wait()
    signal(child, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}
