import { expect, test } from 'vitest'
import { temporaryDirectory } from '../../harness/directory.ts'
import { startHost } from '../../harness/host.ts'
import { ask, sayOverHttp } from '../../harness/http-client.ts'
import { LineClient } from '../../harness/line-client.ts'
import { SessionClient } from '../../harness/session-client.ts'

const roleIn = (client: SessionClient) => client.of('joined').at(-1)?.member.role

test('who makes a room looks after it, over netcat, with a key, and over a restart', async () => {
  const data = await temporaryDirectory()
  const options = { data, founders: true, freeSpaceFloorBytes: 0 }
  const { port, stop } = await startHost(options)
  // The host's own room is nobody's, and neither is one in which a request has spoken first: it has entered nothing.
  expect(roleIn(await SessionClient.join(port, 'frames', 'ani'))).toBeUndefined()
  await sayOverHttp(port, 'bulletin', 'first', { as: 'cici' })
  expect(roleIn(await SessionClient.join(port, 'frames', 'budi', 'bulletin'))).toBeUndefined()

  const netcat = await LineClient.join(port, 'dodi')
  await netcat.ask('/join den', /^\* you are dodi in den/)
  await netcat.ask('/lock', '* the room is locked')
  await netcat.ask('/unlock', '* the room is open again')

  const eka = await SessionClient.join(port, 'websocket', 'eka', 'lab')
  expect(roleIn(eka)).toBe('op')
  const guest = await LineClient.join(port, 'fifi')
  await guest.ask('/join lab', /^\* you are fifi in lab/)
  expect(await guest.ask('/lock', /^[!*] /)).toMatch(/^! NOT_ALLOWED /)
  // With a file too: it is the room's first entry.
  expect((await ask(port, 'PUT /lab/a.txt', { body: 'abc' })).status).toBe(201)
  await guest.until('* eka made this room and moderates it')
  await stop()

  const again = await startHost(options)
  expect(roleIn(await SessionClient.join(again.port, 'frames', 'eka', 'lab'))).toBe('op')
  // Without a key one is somebody else the next time.
  const stranger = await LineClient.join(again.port, 'dodi')
  await stranger.ask('/join den', /^\* you are dodi in den/)
  expect(await stranger.ask('/lock', /^[!*] /)).toMatch(/^! NOT_ALLOWED /)
})

test('a room in which nothing is said leaves no operator behind', async () => {
  const { port, tamtam } = await startHost({ founders: true })
  const ani = await SessionClient.join(port, 'frames', 'ani', 'den')
  expect(roleIn(ani)).toBe('op')
  await ani.send({ type: 'leave' }).closed()
  await expect.poll(() => tamtam.engine.rooms()).toEqual([])
  expect(roleIn(await SessionClient.join(port, 'frames', 'budi', 'den'))).toBe('op')
})
