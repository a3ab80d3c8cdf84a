// Pins the server to one core and the load generator to another, where the machine has two cores and taskset.

import { spawnSync } from 'node:child_process'

/** Whether both cores can be had. */
export const canPin = [0, 1].every((core) => spawnSync('taskset', ['-c', `${core}`, 'true']).status === 0)

/** The command line that runs `command` on that core only; taskset becomes the command, so its process id stays. */
export function pinned(core, command) {
  return canPin ? ['taskset', '-c', `${core}`, ...command] : command
}
