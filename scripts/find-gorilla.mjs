// Where Go and the sources of gorilla/websocket are that the interop tests compile: a `go` on the PATH, Debian's package of the other.
// Both count only together, and only a Go that finds the package; nothing is fetched from the network.

import { spawnSync } from 'node:child_process'

/** What Go is to be run with; the sources are found where Debian puts them, and modules would ask the network. */
const env = {
  ...process.env,
  GO111MODULE: 'off',
  GOPATH: '/usr/share/gocode',
  GOPROXY: 'off',
  GOFLAGS: '',
  // No compiler of C is asked for.
  CGO_ENABLED: '0',
}

/** @returns {{ go: string, env: NodeJS.ProcessEnv } | undefined} the program, and the environment that it compiles in */
export function findGorilla() {
  const { status } = spawnSync('go', ['list', 'github.com/gorilla/websocket'], { env, stdio: 'ignore' })
  return status === 0 ? { go: 'go', env } : undefined
}
