'use strict'

// The native kernel: a developer's build first, then a prebuild for this platform; undefined where there is neither.
// An addon is never built at install, and its absence is no error: the WASM kernel serves then.
try {
  module.exports = require('node-gyp-build')(__dirname)
} catch {
  module.exports = undefined
}
