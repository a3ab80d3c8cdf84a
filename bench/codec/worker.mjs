// One side of one case, in a process of its own: what V8 optimised for another side, and its garbage, stay out of it.
// Checks itself, warms up, then measures one batch whenever it is asked: nanoseconds of CPU time a unit.

/** WebAssembly starts in V8's baseline compiler, JavaScript in its interpreter. */
const WARM_UP_MS = 150

const [, , table, side, caseJson, batchMs] = process.argv
const { open } = await import(`./${table}.mjs`)
const { run, copy = () => {}, units } = open(JSON.parse(caseJson), side)
const times = warmUp()

process.on('message', () => process.send(measure()))
process.send('ready')

/** The process's CPU time in milliseconds, garbage collection on other threads included; exact to a microsecond. */
function cpuTime(work, times) {
  const before = process.cpuUsage()
  work(times)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

function measure() {
  const ms = cpuTime(run, times) - cpuTime(copy, times)
  return Number(((ms * 1e6) / (times * units)).toPrecision(4))
}

/** Runs until optimised code must be in use; returns how many calls make one batch. */
function warmUp() {
  let times = 1
  for (let spent = 0; spent < WARM_UP_MS; ) {
    const took = cpuTime(run, times) + cpuTime(copy, times)
    spent += took
    if (took < batchMs) times = Math.ceil(times * Math.min(2, batchMs / took))
  }
  return times
}
