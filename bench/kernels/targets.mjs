// What the kernels must reach on this machine; `run.mjs --check` holds figures to it.
// Every target is a ratio of two columns of one row, which took turns.

const MASK = (size, our, peer, least) => ({ table: 'mask', row: size, our, peer, least })

const TARGETS = [
  MASK('64 KiB', 'wasm, own memory', 'memcpy', 0.5),
  MASK('64 KiB', 'wasm', "ws's loop", 10),
  ...['1 KiB', '4 KiB', '64 KiB'].map((size) => MASK(size, 'js, view kept', "ws's loop", 4)),
  ...['CJK', 'emoji'].flatMap((script) =>
    ['1 KiB', '64 KiB'].map((size) => ({
      table: 'utf8',
      row: `${script} ${size}`,
      our: 'wasm',
      peer: "ws's loop",
      least: 3,
    })),
  ),
  ...['CJK', 'mixed'].flatMap((script) =>
    ['64 B', '1 KiB', '64 KiB'].map((size) => ({
      table: 'text',
      row: `${script} ${size}`,
      our: 'by way of UTF-16',
      peer: 'isUtf8 + utf8Slice',
      least: 1.6,
    })),
  ),
]

/** Judges every target that `figuresOf(table, row)` has figures for. */
export function judge(figuresOf) {
  const verdicts = TARGETS.flatMap(({ table, row, our, peer, least }) => {
    const figures = figuresOf(table, row)
    return figures === undefined
      ? []
      : [{ what: `${row}, ${our} / ${peer}`, ratio: figures[our] / figures[peer], least }]
  })
  // The check of an ASCII text costs the scan what it takes longer than for bytes that need none.
  const [binary, text] = ['binary 65000 B', 'ASCII text 65000 B'].map((row) => figuresOf('scan', row))
  if (binary !== undefined && text !== undefined)
    verdicts.push({
      what: 'scan of 65000 B, binary / ASCII text',
      ratio: binary.wasm / text.wasm,
      least: 0.5,
    })
  return verdicts
}
