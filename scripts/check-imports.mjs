// Lint step: imports between the rooms of src/ go one way, and the portable rooms import nothing of Node's.
// `import type` counts: a type that leaks is a dependency too.

import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const src = join(dirname(fileURLToPath(import.meta.url)), '..', 'src')

/** Room → the rooms that it may import from, besides itself. */
const portable = {
  kernel: [],
  codec: ['kernel'],
  handshake: ['codec', 'kernel'],
  deflate: ['codec', 'kernel'],
  conn: ['handshake', 'deflate', 'codec', 'kernel'],
  web: ['conn', 'handshake', 'deflate', 'codec', 'kernel'],
}
const node = {
  node: ['web', 'conn', 'handshake', 'deflate', 'codec', 'kernel'],
  server: ['node', 'web', 'conn', 'handshake', 'deflate', 'codec', 'kernel'],
  client: ['node', 'web', 'conn', 'handshake', 'deflate', 'codec', 'kernel'],
  compat: ['server', 'client', 'node', 'web', 'conn', 'handshake', 'deflate', 'codec', 'kernel'],
  cli: ['compat', 'server', 'client', 'node', 'web', 'conn', 'handshake', 'deflate', 'codec', 'kernel'],
}
const rooms = { ...portable, ...node }
/** Entry files at the root of src/ and the rooms that they may show. */
const entries = {
  'codec.ts': ['handshake', 'codec', 'kernel'],
  'portable.ts': Object.keys(portable),
  'index.ts': Object.keys(rooms),
}
const portableEntries = ['codec.ts', 'portable.ts']
/** The one import that leaves src/: the loader of the addon. */
const outside = new Map([['node/native-kernel.ts', '../../native/index.cjs']])

const pattern = /(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\s*\(\s*)(['"])([^'"]+)\1/g

function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    return entry.isDirectory() ? filesBelow(path) : /\.ts$/.test(entry.name) ? [path] : []
  })
}

const faults = []
let count = 0
for (const path of filesBelow(src)) {
  const file = relative(src, path).split(sep).join('/')
  const room = file.includes('/') ? file.split('/')[0] : undefined
  const allowed = room === undefined ? entries[file] : rooms[room]
  if (allowed === undefined) {
    faults.push(`${file}: no room of that name is known to scripts/check-imports.mjs`)
    continue
  }
  for (const [, , specifier] of readFileSync(path, 'utf8').matchAll(pattern)) {
    count++
    if (!specifier.startsWith('.')) {
      if (room in portable || portableEntries.includes(file))
        faults.push(`${file}: a portable file imports ${specifier}`)
      continue
    }
    const target = relative(src, join(dirname(path), specifier))
      .split(sep)
      .join('/')
    if (target.startsWith('..')) {
      if (outside.get(file) !== specifier) faults.push(`${file}: imports ${specifier}, outside src/`)
      continue
    }
    const to = target.includes('/') ? target.split('/')[0] : '(entry)'
    if (to !== room && !allowed.includes(to))
      faults.push(`${file}: ${room ?? 'an entry'} must not import from ${to}`)
  }
}
for (const fault of faults) console.error(fault)
console.log(`imports: ${count} checked, ${faults.length} against the direction`)
process.exit(faults.length === 0 ? 0 : 1)
