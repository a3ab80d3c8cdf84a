// What the echo through the public interface must reach beside its peers; `run.mjs --check` holds figures to it.
// A target fails only when the whole interval of its ratio is on the wrong side.

/** `by: 'cpu'`: the peer's CPU time per message divided by ours; `by: 'rate'`: our message rate divided by its. */
export const TARGETS = [
  { case: '100x1x20', peer: 'ws', by: 'rate', least: 1 },
  { case: '100x1x20', peer: 'ws', by: 'cpu', least: 1 },
  { case: '100x1x20', peer: 'net', by: 'cpu', least: 1 / 1.2 },
  { case: '10x64x20', peer: 'ws', by: 'cpu', least: 8 },
  { case: '10x64x1024', peer: 'ws', by: 'cpu', least: 4 },
  { case: '100x1x65536', peer: 'ws-', by: 'cpu', least: 2 },
]

/** Judges every target whose case and peer were measured. `ratioOf(case, peer, by)` gives a ratio with its interval. */
export function judge(measured, ratioOf) {
  return TARGETS.filter((target) => measured(target.case, target.peer)).map((target) => {
    const ratio = ratioOf(target.case, target.peer, target.by)
    return { ...target, ratio, met: ratio.value >= target.least, failed: ratio.high < target.least }
  })
}
