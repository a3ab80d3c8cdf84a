// The command example's page: a terminal of lines. One WebSocket is one run of the command.
// What the process prints is only ever text (textContent), never markup; the close codes are those of RFC 6455 §7.4.1.

import { showState, socketUrl } from './page-socket.js'

/** Lines that stay on the page. */
const LINES = 2000
/** What the server puts in front of a line of stderr. */
const STDERR_PREFIX = 'stderr: '
/** Lines that can be had back with the arrow keys. */
const HISTORY = 100

const [form, input, output, sendButton, startButton, stopButton] = [
  'form',
  'input',
  'output',
  'send',
  'start',
  'stop',
].map((id) => document.getElementById(id))

let socket
const history = []
/** Where in the history the arrows are; its length: at the line that is new. */
let position = 0

function append(kind, text) {
  const item = document.createElement('li')
  item.className = kind
  item.textContent = text
  // Who has scrolled back to read is left there.
  const isAtEnd = output.scrollHeight - output.scrollTop - output.clientHeight < 40
  output.append(item)
  while (output.children.length > LINES) output.firstElementChild.remove()
  if (isAtEnd) output.scrollTop = output.scrollHeight
}

function show() {
  const name = ['connecting', 'open', 'closing', 'closed'][socket?.readyState ?? WebSocket.CLOSED]
  showState(name)
  startButton.disabled = name !== 'closed'
  stopButton.disabled = name !== 'open' && name !== 'connecting'
  sendButton.disabled = name !== 'open'
  input.disabled = name !== 'open'
}

startButton.addEventListener('click', () => {
  socket = new WebSocket(socketUrl('command'))
  let isOpen = false
  socket.addEventListener('open', () => {
    isOpen = true
    append('note', 'started')
    show()
    input.focus()
  })
  socket.addEventListener('message', ({ data }) => {
    if (data.startsWith(STDERR_PREFIX)) append('stderr', data.slice(STDERR_PREFIX.length))
    else append('output', data)
  })
  socket.addEventListener('close', ({ code, reason }) => {
    if (!isOpen) append('note', 'the server does not answer, or runs too many commands already')
    else append('note', `closed with ${code}${reason && `: ${reason}`}`)
    show()
    startButton.focus()
  })
  show()
})

stopButton.addEventListener('click', () => {
  socket.close(1000)
  show()
})

form.addEventListener('submit', (event) => {
  event.preventDefault()
  if (socket?.readyState !== WebSocket.OPEN) return
  const line = input.value
  socket.send(line)
  append('input', line)
  if (line !== '' && line !== history.at(-1)) history.push(line)
  if (history.length > HISTORY) history.shift()
  position = history.length
  input.value = ''
})

input.addEventListener('keydown', (event) => {
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key]
  if (step === undefined) return
  event.preventDefault()
  position = Math.max(0, Math.min(history.length, position + step))
  input.value = history[position] ?? ''
})

fetch('command-line')
  .then((response) => response.text())
  .then((text) => {
    document.getElementById('command').textContent = text
  })
show()
