// What makes an example a program: its port, the line that says where it listens, and an end in order.
// RFC 6455 §7.4.1: a server that goes away closes with 1001.

import { parseArgs } from 'node:util'
import { CloseGoingAway } from 'gibbon-ws'

/** How long the peers have to answer our Close frame when the program stops, in milliseconds. */
const FAREWELL = 500

export function fail(message) {
  console.error(message)
  process.exit(1)
}

/**
 * The port and the other arguments of the command line. `--port` wins over PORT in the environment; 0 is any free port.
 *
 * @param usage the command that starts the program
 * @param defaultPort where neither says anything
 * @param takesArguments whether anything may stand behind the options
 */
export function readArguments(usage, defaultPort, takesArguments = false) {
  try {
    const { values, positionals } = parseArgs({
      options: { port: { type: 'string' } },
      allowPositionals: takesArguments,
    })
    const port = values.port ?? (process.env.PORT || String(defaultPort))
    if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
      throw new Error(`The port must be a whole number from 0 to 65535, not '${port}'.`)
    }
    return { port: Number(port), positionals }
  } catch (error) {
    return fail(`${error.message}\nUsage: ${usage}`)
  }
}

/**
 * Listens, says where, and stops on Ctrl-C or SIGTERM: every connection is closed with 1001.
 *
 * @param host an address to listen on; undefined for all that the machine has
 */
export function run(name, server, attachment, port, host) {
  server.on('error', (error) => {
    if (error.code === 'EADDRINUSE') fail(`Port ${port} is in use. Choose another with --port N.`)
    if (error.code === 'EACCES')
      fail(`Port ${port} is not allowed to this user. Choose another with --port N.`)
    throw error
  })
  server.listen(port, host, () => {
    console.log(`The ${name} is running: http://localhost:${server.address().port}/ (Ctrl-C stops it)`)
  })
  const stop = () => {
    server.close()
    attachment.close(CloseGoingAway, 'the server is stopping')
    setTimeout(() => {
      for (const conn of attachment.connections) conn.terminate()
      server.closeAllConnections()
    }, FAREWELL).unref()
  }
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, stop)
}
