// The bookkeeping of an Upgrader's connections: who is counted, and that nobody is kept who has nothing.
// RFC 6455 §7.1.1.

import { expect, test } from 'vitest'
import type { Conn } from '../../src/index.ts'
import { ConnectionGroup, ConnectionGroups } from '../../src/server/connection-group.ts'

const conn = (state: Conn['state'] = 'open') => ({ state }) as Conn

test('an Upgrader knows the groups that have a connection or a request, and no others', () => {
  const all = new ConnectionGroups(undefined)
  const [one, two] = [new ConnectionGroup(all), new ConnectionGroup(all)]
  expect(all.busy.size).toBe(0)
  const opening = one.opening()
  const guest = conn()
  two.add(guest)
  expect([...all.busy]).toEqual([one, two])
  expect([all.size, one.size, two.size]).toEqual([2, 1, 1])
  opening.end()
  expect([...all.busy]).toEqual([two])
  two.forget(guest)
  expect([all.busy.size, all.size]).toEqual([0, 0])
})

test('a connection that was gone before it could be counted is not', () => {
  const all = new ConnectionGroups(undefined)
  const group = new ConnectionGroup(all)
  const guest = conn('closed')
  group.forget(guest)
  group.add(guest)
  expect([group.size, all.busy.size]).toEqual([0, 0])
})

test('K4: both limits hold, that of a group and that of all', () => {
  const all = new ConnectionGroups(2)
  const [small, large] = [new ConnectionGroup(all, 1), new ConnectionGroup(all)]
  small.add(conn())
  expect(small.refusal()?.status).toBe(503)
  expect(large.refusal()).toBeUndefined()
  const guest = conn()
  large.add(guest)
  expect(large.refusal()?.status).toBe(503)
  large.forget(guest)
  expect(large.refusal()).toBeUndefined()
})
