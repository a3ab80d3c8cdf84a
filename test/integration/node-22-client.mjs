// Talks to an echo server by the WebSocket that its runtime brings, and prints a line of JSON for everything that happens.
// Run as: node node-22-client.mjs <url> <conversation>

const [url, conversation] = process.argv.slice(2)

const print = (...what) => console.log(JSON.stringify(what))

function pattern(length) {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 0xff)
}

/** Opens a connection whose messages are taken one by one. */
function open(protocols) {
  const socket = new WebSocket(url, protocols)
  socket.binaryType = 'arraybuffer'
  const received = []
  const takers = []
  socket.onmessage = ({ data }) => {
    const taker = takers.shift()
    if (taker) taker(data)
    else received.push(data)
  }
  const next = () =>
    received.length > 0 ? Promise.resolve(received.shift()) : new Promise((resolve) => takers.push(resolve))
  socket.onerror = ({ message }) => print('error', message ?? '')
  const opened = new Promise((resolve) => {
    socket.onopen = resolve
  })
  const closed = new Promise((resolve) => {
    socket.onclose = ({ code, reason, wasClean }) => {
      print('close', code, reason, wasClean)
      resolve()
    }
  })
  return { socket, next, opened, closed }
}

const conversations = {
  async echo() {
    const { socket, next, opened, closed } = open()
    await opened
    for (const text of ['', 'plain', '👩‍🚀 grüße 你好', 'é'.repeat(40_000)]) {
      socket.send(text)
      print('text', (await next()) === text)
    }
    for (const length of [0, 1, 125, 126, 65_535, 65_536, 1 << 20]) {
      const sent = pattern(length)
      socket.send(sent)
      const got = new Uint8Array(await next())
      print('binary', got.length, Buffer.compare(got, sent) === 0)
    }
    socket.close(1000, 'done')
    await closed
  },

  async 'close without a code'() {
    const { socket, opened, closed } = open()
    await opened
    socket.close()
    await closed
  },

  async 'close with 4000'() {
    const { socket, opened, closed } = open()
    await opened
    socket.close(4000, 'goodbye 👋')
    await closed
  },

  async subprotocol() {
    const { socket, opened, closed } = open(['first', 'second'])
    await opened
    print('protocol', socket.protocol)
    print('extensions', socket.extensions)
    socket.close(1000)
    await closed
  },

  /** Says so when it is open, then waits for what the server does. */
  async listen() {
    const { opened, closed } = open()
    await opened
    print('open')
    await closed
  },
}

await conversations[conversation]()
