// The ws server once more, on its own JavaScript loops.

process.env.WS_NO_BUFFER_UTIL = '1'
await import('./ws.mjs')
