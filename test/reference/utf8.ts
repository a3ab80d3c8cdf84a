// The naive UTF-8 check that every kernel is compared with: a walk over the table of well-formed byte sequences.
// RFC 3629 §4 and RFC 6455 §8.1; one row for each kind of character, one range for each of its bytes.

const rows = [
  '00-7f',
  'c2-df 80-bf',
  'e0-e0 a0-bf 80-bf',
  'e1-ec 80-bf 80-bf',
  'ed-ed 80-9f 80-bf',
  'ee-ef 80-bf 80-bf',
]
rows.push('f0-f0 90-bf 80-bf 80-bf', 'f1-f3 80-bf 80-bf 80-bf', 'f4-f4 80-8f 80-bf 80-bf')
/** The rows as numbers: lowest and highest value of the first byte, of the second, and so on. */
const table = rows.map((row) => row.split(/[ -]/).map((hex) => Number.parseInt(hex, 16)))
/** The row of each first byte. */
const rowOf = Array.from({ length: 256 }, (_, byte) =>
  table.find(([low, high]) => low <= byte && byte <= high),
)

/**
 * Index of the first byte with which bytes[at..] is no longer the beginning of any UTF-8 text; `bytes.length` when
 * only the end is missing, inside a character; -1 when the text is whole and valid. `at` begins a character.
 */
export function utf8(bytes: Uint8Array, at = 0): number {
  while (at < bytes.length) {
    const row = rowOf[bytes[at]]
    if (row === undefined) return at
    for (let i = 0; i < row.length; i += 2) {
      if (at === bytes.length || bytes[at] < row[i] || bytes[at] > row[i + 1]) return at
      at++
    }
  }
  return -1
}
