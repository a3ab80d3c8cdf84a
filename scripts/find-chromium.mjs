// Where a Chromium is that the browser tests can drive: CHROMIUM_PATH, or the first of the usual names on the PATH.
// Only one that starts counts: some distributions put a hint to another package manager under the same name.

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** @returns {string | undefined} the path of an executable that says its version */
export function findChromium() {
  const { CHROMIUM_PATH: named, PATH = '' } = process.env
  const folders = PATH.split(delimiter).filter((folder) => folder !== '')
  const candidates = named ? [named] : names.flatMap((name) => folders.map((folder) => join(folder, name)))
  return candidates.find((path) => existsSync(path) && spawnSync(path, ['--version']).status === 0)
}
