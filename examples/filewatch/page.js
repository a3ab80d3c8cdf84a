// The filewatch example's page: shows the newest version of the file, and what was last seen while there is none.
// A version is a text message (RFC 6455 §5.6) in JSON; the file's text is only ever text (textContent), never markup.

import { socketUrl, stayConnected } from './page-socket.js'

const [nameField, output, changed, note] = ['name', 'output', 'changed', 'note'].map((id) =>
  document.getElementById(id),
)

let isFirst = true

function show({ name, text, modified, note: reason }) {
  nameField.textContent = name
  document.title = name
  note.textContent = reason ?? ''
  output.classList.toggle('stale', reason !== undefined)
  if (reason !== undefined) return
  changed.textContent = `Last changed ${new Date(modified).toLocaleString()}.`
  if (output.textContent === text) return
  // Who reads the end of a file that grows stays there; who reads elsewhere stays where he is.
  const isAtEnd = !isFirst && output.scrollHeight - output.scrollTop - output.clientHeight < 40
  const { scrollTop, scrollHeight, clientHeight } = output
  const canScroll = scrollHeight > clientHeight
  output.textContent = text
  output.scrollTop = isAtEnd && canScroll ? output.scrollHeight : scrollTop
  if (!isFirst) output.classList.add('fresh')
  isFirst = false
}

output.addEventListener('animationend', () => output.classList.remove('fresh'))

stayConnected(
  () => socketUrl('file'),
  (version) => show(JSON.parse(version)),
  (isOpen) => output.classList.toggle('stale', !isOpen || note.textContent !== ''),
)
