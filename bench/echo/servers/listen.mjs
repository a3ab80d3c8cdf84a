// How every server of the echo benchmark starts and ends: it prints its port, and goes when its runner does.

/** @param server a net.Server or http.Server, not listening yet */
export function listen(server) {
  server.listen(0, '127.0.0.1', () => console.log(server.address().port))
  process.stdin.on('end', () => process.exit()).resume()
}
