// The chat example's page: one WebSocket that comes back after every loss, and the lines that arrive on it.
// A message holds one line or several (RFC 6455 §5.6 knows none); what others say is only ever text (textContent), never markup.

import { socketUrl, stayConnected } from './page-socket.js'

/** Lines that stay on the page. */
const LINES = 500
/** Bytes that the server takes in one message. */
const MESSAGE_LIMIT = 512

const [form, nameField, input, sendButton, output, people, note] = [
  'form',
  'name',
  'input',
  'send',
  'output',
  'people',
  'note',
].map((id) => document.getElementById(id))

function storedName() {
  try {
    return localStorage.getItem('chat-name') ?? ''
  } catch {
    return ''
  }
}

function storeName(name) {
  try {
    localStorage.setItem('chat-name', name)
  } catch {
    // A browser that stores nothing forgets the name, no more.
  }
}

function append(kind, name, text) {
  const item = document.createElement('li')
  item.className = kind
  if (name !== '') {
    const who = document.createElement('b')
    who.textContent = `${name}:`
    item.append(who, ' ')
  }
  item.append(text)
  // Who has scrolled back to read is left there.
  const isAtEnd = output.scrollHeight - output.scrollTop - output.clientHeight < 40
  output.append(item)
  while (output.children.length > LINES) output.firstElementChild.remove()
  if (isAtEnd) output.scrollTop = output.scrollHeight
}

function show(line) {
  if (line.startsWith('* ')) {
    append('note', '', line.slice(2))
    const [, count] = /, (\d+) here$/.exec(line) ?? []
    if (count !== undefined) people.textContent = count === '1' ? 'You are alone.' : `${count} are here.`
    return
  }
  const end = line.indexOf(': ')
  const name = line.slice(0, end)
  append(name === nameField.value ? 'mine' : 'said', name, line.slice(end + 2))
}

nameField.value = storedName() || `guest ${Math.floor(1000 + Math.random() * 9000)}`

let wasOpen = false
const connection = stayConnected(
  () => {
    const url = socketUrl('chat')
    url.searchParams.set('name', nameField.value)
    return url
  },
  (text) => {
    for (const line of text.split('\n')) show(line)
  },
  (isOpen) => {
    sendButton.disabled = !isOpen
    if (!isOpen) people.textContent = ''
    if (!isOpen && wasOpen)
      append('note lost', '', 'The connection is lost; what is said meanwhile is missed.')
    wasOpen = isOpen
  },
)

nameField.addEventListener('change', () => {
  storeName(nameField.value)
  wasOpen = false
  sendButton.disabled = true
  connection.restart()
})

form.addEventListener('submit', (event) => {
  event.preventDefault()
  note.textContent = ''
  const text = input.value.trim()
  if (text === '') return
  if (new TextEncoder().encode(text).length > MESSAGE_LIMIT) {
    note.textContent = `That is too long: a message has at most ${MESSAGE_LIMIT} bytes.`
  } else if (connection.send(text)) {
    input.value = ''
  }
})
