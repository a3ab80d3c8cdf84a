/** A Go that finds the sources of gorilla/websocket. */
export interface Gorilla {
  /** The program. */
  readonly go: string
  /** The environment that it compiles in. */
  readonly env: NodeJS.ProcessEnv
}

/** Go and gorilla/websocket, or undefined where one of them is missing. */
export function findGorilla(): Gorilla | undefined
