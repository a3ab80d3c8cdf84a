// Several threads, each with a WASM instance of its own, some ended in the middle of their work, on the built library.
// Nothing is shared among them, so none can disturb another; a crash is the fault to find, so another process runs it.

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const codec = `${root}/dist.cjs/codec.js`

/** Runs a script in a new process and returns what it reports; it must say nothing else, and end by itself. */
function run(script: string): unknown {
  if (!existsSync(codec)) throw new Error('the library is not built: npm run build')
  const env = { ...process.env, NODE_OPTIONS: '', GIBBON_KERNEL: 'wasm' }
  const program = `
    const { Worker } = require('node:worker_threads')
    const codec = ${JSON.stringify(codec)}
    const worker = (code, data) => new Worker(\`
      const { parentPort, workerData } = require('node:worker_threads')
      const { Decoder, Protocol, getKernel, kernelName } = require(\${JSON.stringify(codec)})
      \${code}\`, { eval: true, workerData: data })
    const next = (worker) => new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
    const ended = (worker) => new Promise((resolve) => worker.once('exit', resolve))
    const said = async (worker) => {
      const messages = []
      worker.on('message', (message) => messages.push(message))
      await ended(worker)
      return messages
    }
    ${script}`
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ['-e', program], {
    env,
    encoding: 'utf8',
    timeout: 60_000,
  })
  expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: '' })
  return JSON.parse(stdout)
}

/** Sends messages of one octet from a client to a server and looks at every byte, \`rounds\` times. */
const echo = `
  const { octet, rounds } = workerData
  const client = new Protocol({ role: 'client' })
  const server = new Protocol({ role: 'server' })
  const payload = new Uint8Array(60_000).fill(octet)
  const text = String.fromCharCode(octet).repeat(5_000)
  const round = () => {
    client.send(2, payload)
    client.send(1, text)
    const [binary, string, ...more] = server.receive(client.output())
    if (more.length > 0 || string.text() !== text) throw new Error('another text')
    if (binary.byteLength !== 60_000 || binary.data.some((byte) => byte !== octet)) throw new Error('another byte')
  }
  round()
  parentPort.postMessage('begins')
  for (let i = 1; i < rounds; i++) round()
  parentPort.postMessage([kernelName(), octet])
`

test('O13: threads that are ended in the middle of their work disturb neither the process nor each other', () => {
  const report = run(`
    const code = ${JSON.stringify(echo)}
    const endless = async (octet, ms) => {
      const victim = worker(code, { octet, rounds: Infinity })
      await next(victim)
      await new Promise((resolve) => setTimeout(resolve, ms))
      const exit = ended(victim)
      await victim.terminate()
      return exit
    }
    const whole = (octet) => said(worker(code, { octet, rounds: 150 }))
    const victims = async (octet) => {
      const exits = []
      for (const ms of [0, 1, 3, 7, 12]) exits.push(await endless(octet, ms))
      return exits
    }
    Promise.all([whole(65), whole(66), victims(67), victims(68)]).then((all) => console.log(JSON.stringify(all)))
  `)
  expect(report).toEqual([
    ['begins', ['wasm', 65]],
    ['begins', ['wasm', 66]],
    Array(5).fill(1),
    Array(5).fill(1),
  ])
})

test('O6: the memory of a message may be given to another thread while the decoder goes on', () => {
  const report = run(`
    const { Decoder, Protocol } = require(codec)
    const keeper = worker(\`
      const kept = []
      parentPort.on('message', (message) => {
        if (message !== 'look') return kept.push(message)
        const good = kept.filter(({ bytes, octet }) => bytes.length > 0 && bytes.every((byte) => byte === octet))
        parentPort.postMessage([good.length, kept.length])
        parentPort.close()
      })\`)
    const client = new Protocol({ role: 'client' })
    const decoder = new Decoder({ role: 'server' })
    const lengths = [10, 300, 5_000, 40_000, 70_000]
    let sent = 0
    for (let i = 0; i < 200; i++) {
      const octet = i & 255
      client.send(2, new Uint8Array(lengths[i % 5]).fill(octet))
      const bytes = client.output()
      const half = bytes.slice(0, bytes.length >> 1)
      for (const part of i % 2 ? [bytes] : [half, bytes.slice(half.length)]) {
        for (const { data } of decoder.push(part)) {
          keeper.postMessage({ bytes: data, octet }, [data.buffer])
          sent++
        }
      }
    }
    keeper.postMessage('look')
    next(keeper).then((answer) => console.log(JSON.stringify([sent, ...answer])))
  `)
  expect(report).toEqual([200, 200, 200])
})
