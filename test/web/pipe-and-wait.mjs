// Waits for what never comes over a pipe, which keeps no process alive by itself, and prints how each wait ended.

import { pipe } from 'gibbon-ws'

const [, client] = pipe()
const codes = []
for (const wait of [
  () => client.readMessage({ timeout: 20 }),
  () => client.nextReader({ timeout: 20 }),
  () => {
    client.setReadTimeout(20)
    return client[Symbol.asyncIterator]().next()
  },
])
  await wait().catch((error) => codes.push(error.code))
console.log(codes.join())
