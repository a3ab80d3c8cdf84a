// In the pages: where the WebSocket is, and one that comes back after every loss, with growing pauses.
// RFC 6455 §7.2.3: a client waits a random time before it dials again, and longer each time.

/** The first pause and the longest, in milliseconds. */
const FIRST_PAUSE = 500
const LONGEST_PAUSE = 15_000
/** A connection that lasted so long was a good one: the pauses begin anew. In milliseconds. */
const GOOD_FROM = 5_000

/** The WebSocket's URL beside this page. */
export function socketUrl(path) {
  const url = new URL(path, location.href)
  url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:'
  return url
}

/** Shows the state of the connection: its name, and a text where that says more. */
export function showState(name, text = name) {
  const state = document.getElementById('state')
  state.dataset.state = name
  // Only what changes is announced to those who listen to the page.
  if (state.textContent !== text) state.textContent = text
}

/**
 * Dials now, and again whenever the connection is lost.
 *
 * @param url gives the URL to dial, each time anew
 * @param onMessage called with each text that arrives
 * @param onState called whenever the connection is open or no longer
 * @returns `send(text)` tells whether it was sent; `restart()` dials anew at once
 */
export function stayConnected(url, onMessage, onState = () => {}) {
  let socket
  let failures = 0
  let timer

  function dial() {
    clearTimeout(timer)
    timer = undefined
    showState('connecting')
    const current = new WebSocket(url())
    let openedAt
    socket = current
    current.addEventListener('open', () => {
      if (socket !== current) return
      openedAt = performance.now()
      showState('open')
      onState(true)
    })
    current.addEventListener('message', ({ data }) => {
      if (socket === current) onMessage(data)
    })
    current.addEventListener('close', ({ reason }) => {
      if (socket !== current) return
      if (openedAt !== undefined && performance.now() - openedAt >= GOOD_FROM) failures = 0
      // Half of it by chance: the pages of a server that restarts do not come back all at once.
      const pause = Math.min(FIRST_PAUSE * 2 ** failures++, LONGEST_PAUSE) * (0.5 + Math.random() / 2)
      timer = setTimeout(dial, pause)
      const why = reason === '' ? 'not connected' : reason
      showState('waiting', `${why}; again in ${Math.ceil(pause / 1000)} s`)
      onState(false)
    })
  }

  function restart() {
    failures = 0
    const old = socket
    dial()
    old?.close(1000)
  }

  window.addEventListener('online', () => {
    if (timer !== undefined) restart()
  })
  dial()
  return {
    send(text) {
      if (socket.readyState !== WebSocket.OPEN) return false
      socket.send(text)
      return true
    },
    restart,
  }
}
