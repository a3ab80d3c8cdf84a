// Where the older compilers and the bundlers are that the tests use the packed package with: test/consumers.
// They are not in the root's node_modules, so that a plain `npm ci` does not bring them.

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = new URL('../test/consumers/', import.meta.url)

function read(path) {
  return JSON.parse(readFileSync(new URL(path, folder), 'utf8'))
}

/** `wanted` is a version, or that of a package under another name: npm:typescript@5.4.5. */
function isThere([name, wanted]) {
  try {
    return read(`node_modules/${name}/package.json`).version === wanted.split('@').at(-1)
  } catch {
    return false
  }
}

/** @returns {string | undefined} the path of their node_modules, where all are there in the versions asked for */
export function findConsumerTools() {
  const isComplete = Object.entries(read('package.json').dependencies).every(isThere)
  return isComplete ? fileURLToPath(new URL('node_modules', folder)) : undefined
}
