// Makes docs/errors.md of the one error table, src/codec/errors.ts: of each code when it comes, what to do, from where.
// `--check` only fails: when the page is stale, or a code lacks its text, is made nowhere, or is named and unknown.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const tablePath = join(root, 'src', 'codec', 'errors.ts')
const pagePath = join(root, 'docs', 'errors.md')
const faults = []

const intro = `# Errors

Every error that the library makes has a stable \`code\`, one of those below; messages may change. Most are a
\`WebSocketError\`:

| property | what it says |
| --- | --- |
| \`code\` | \`'ERR_WS_…'\` |
| \`message\` | \`'websocket: '\` and words like those below, which say more where there is more to say |
| \`closeCode\` | the close code that belongs to it, or undefined |
| \`reason\` | the reason of a received Close frame, or \`''\` |
| \`wasClean\` | whether it is the end of a connection by a Close frame of the peer's |
| \`remote\` | whether the peer caused it |
| \`offset\` | of a fault in received frames: its byte in the stream, from the first one behind the handshake |
| \`cause\` | the error below, where there was one |

\`error instanceof WebSocketError\` holds for errors of every copy of the library, and so does \`instanceof\` with the
classes for some of the codes: \`CloseError\`, \`CloseSentError\`, \`ReadLimitError\`, \`HandshakeError\` and
\`BadHandshakeError\`. \`isCloseError(error, ...codes)\` and \`isUnexpectedCloseError(error, ...expected)\` look at an
error's causes too; \`closeErrorOf(error)\` is what they look at. What is not the library's own passes as it is: an aborted signal's reason, what your functions throw, the SyntaxError of \`message.json()\`, and why
\`getKernel(name)\` cannot load that kernel.

**Reads** are \`readMessage()\`, \`readText()\`, \`readJSON()\`, \`nextReader()\` and what it gives, \`for await\` and
\`batches()\`; **writes** are \`writeMessage()\`, \`writeJSON()\`, \`writePreparedMessage()\`, \`nextWriter()\` and what it
gives, \`writeControl()\`, \`ping()\` and \`flush()\`. A rejection that nobody handles is no unhandled rejection: how a connection ended is always in \`closed\`. A
**fault event** is what \`Decoder.push()\` and \`Protocol.receive()\` return last, with \`type\` 0 and the \`error\`.

This page is made of [src/codec/errors.ts](../src/codec/errors.ts) by \`node scripts/render-errors.mjs\`.
`

/** The text of comment lines, taken apart at its tags. */
function textsOf(comment) {
  const [when, ...tagged] = comment.join(' ').split(/ (?=@(?:do|from) )/)
  const texts = { when, '@do': '', '@from': '' }
  for (const part of tagged) texts[part.split(' ', 1)[0]] = part.replace(/^@\w+ */, '')
  return texts
}

/** The table in its own order: groups, each with its codes. */
function readTable() {
  const source = readFileSync(tablePath, 'utf8')
  const body = /^interface ErrorTable \{\n(.*?)^\}/ms.exec(source)?.[1] ?? ''
  const groups = []
  /** Lines of the comment above the next code. */
  let comment = []
  let before = ''
  for (const line of body.split('\n').map((each) => each.trim())) {
    const isGroup = line.startsWith('//')
    const goesOn = before.startsWith('//')
    before = line
    if (isGroup) {
      if (!goesOn) groups.push({ title: line.slice(2).trim(), text: [], codes: [] })
      else if (line !== '//') groups.at(-1).text.push(line.slice(2).trim())
      continue
    }
    const entry = /^(ERR_WS_\w+): \[(['"])(.*)\2, (\d+)\]$/.exec(line)
    if (entry !== null) {
      const [, code, , message, closeCode] = entry
      const texts = textsOf(comment)
      for (const name in texts) if (texts[name] === '') faults.push(`${code}: its comment lacks ${name}`)
      groups.at(-1)?.codes.push({ code, message, closeCode: Number(closeCode), ...texts })
      comment = []
    } else if (line.startsWith('*') && line !== '*/') comment.push(line.slice(1).trim())
    else if (line !== '' && line !== '/**' && line !== '*/')
      faults.push(`not understood (a code takes one line): ${line}`)
  }
  return groups
}

/** Breaks a text into lines as long as those of the other pages. */
function wrap(text, indent = '') {
  const lines = ['']
  for (const word of text.split(' ')) {
    const line = lines.at(-1)
    if (line.length + 1 + word.length > 120 && line.trim() !== '') lines.push(indent + word)
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`
  }
  return lines.join('\n')
}

function render(groups) {
  const parts = [intro]
  for (const { title, text, codes } of groups) {
    parts.push(`## ${title}\n`, `${wrap(text.join(' '))}\n`)
    for (const { code, message, closeCode, ...texts } of codes) {
      const closing = closeCode === 0 ? 'no close code' : `close code ${closeCode}`
      parts.push(`### ${code}\n`, `\`${message}\` · ${closing}\n`)
      parts.push(
        [
          `- **When.** ${texts.when}`,
          `- **What to do.** ${texts['@do']}`,
          `- **From where.** ${texts['@from']}`,
        ]
          .map((line) => `${wrap(line, '  ')}\n`)
          .join(''),
      )
    }
  }
  return parts.join('\n')
}

function filesBelow(folder, pattern) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return filesBelow(path, pattern)
    return pattern.test(entry.name) && path !== tablePath ? [path] : []
  })
}

/** A code is made where a string in src/ is its name; and no text names a code that is none. */
function checkUse(codes) {
  const sources = filesBelow(join(root, 'src'), /\.ts$/)
  const pages = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md'].map((name) => join(root, name))
  const made = new Set()
  for (const path of [...sources, ...pages]) {
    const text = readFileSync(path, 'utf8')
    if (path.endsWith('.ts')) for (const [, code] of text.matchAll(/'(ERR_WS_\w+)'/g)) made.add(code)
    for (const code of new Set(text.match(/\bERR_WS_[A-Z0-9_]+/g))) {
      if (!codes.includes(code)) faults.push(`${relative(root, path)} names ${code}, which is in no table`)
    }
  }
  for (const code of codes) if (!made.has(code)) faults.push(`${code} is made nowhere in src/`)
}

const groups = readTable()
const codes = groups.flatMap((group) => group.codes.map(({ code }) => code))
if (codes.length === 0) faults.push('no table found in src/codec/errors.ts')
else checkUse(codes)
const page = render(groups)
if (faults.length === 0 && !process.argv.includes('--check')) writeFileSync(pagePath, page)
else if (faults.length === 0) {
  let current = ''
  try {
    current = readFileSync(pagePath, 'utf8')
  } catch {
    // There is none: stale as well.
  }
  if (current !== page) faults.push('docs/errors.md is stale: node scripts/render-errors.mjs')
}
for (const fault of faults) console.error(fault)
console.log(`errors: ${codes.length} codes, ${faults.length} things wrong`)
process.exit(faults.length === 0 ? 0 : 1)
