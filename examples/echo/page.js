// The echo example's page: opens, uses and closes one WebSocket and writes down what happens, oldest line first.
// What the peer sends is only ever text (textContent), never markup; the close codes are those of RFC 6455 §7.4.1.

const [form, input, output, state] = ['form', 'input', 'output', 'state'].map((id) =>
  document.getElementById(id),
)
const [openButton, sendButton, closeButton] = ['open', 'send', 'close'].map((id) =>
  document.getElementById(id),
)

const url = new URL('echo', location.href)
url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:'

let socket

function log(kind, text = '') {
  const line = document.createElement('li')
  line.className = kind.toLowerCase()
  const parts = [
    ['time', new Date().toTimeString().slice(0, 8)],
    ['b', kind],
    ['span', text],
  ]
  for (const [tag, content] of parts) {
    const part = document.createElement(tag)
    part.textContent = content
    // The blank keeps the parts apart where the line is copied or read aloud.
    line.append(part, ' ')
  }
  output.append(line)
  line.scrollIntoView({ block: 'nearest' })
}

function show() {
  const name = ['connecting', 'open', 'closing', 'closed'][socket?.readyState ?? WebSocket.CLOSED]
  state.textContent = name
  state.dataset.state = name
  openButton.disabled = name !== 'closed'
  sendButton.disabled = name !== 'open'
  closeButton.disabled = name !== 'open' && name !== 'connecting'
}

openButton.addEventListener('click', () => {
  socket = new WebSocket(url)
  socket.addEventListener('open', () => {
    log('OPEN', url.href)
    show()
    input.focus()
  })
  socket.addEventListener('message', ({ data }) => log('RESPONSE', data))
  // The browser keeps the cause from the page, so that there is no more to say than where to look.
  socket.addEventListener('error', () =>
    log('ERROR', "the connection failed; the browser's console may say why"),
  )
  socket.addEventListener('close', ({ code, reason, wasClean }) => {
    log('CLOSE', `${code}${reason && ` ${reason}`}${wasClean ? '' : ' (not clean)'}`)
    show()
  })
  show()
})

form.addEventListener('submit', (event) => {
  event.preventDefault()
  if (socket?.readyState !== WebSocket.OPEN) return
  log('SEND', input.value)
  socket.send(input.value)
})

closeButton.addEventListener('click', () => {
  socket.close()
  show()
})

show()
