import { expect, test } from 'vitest'
import { temporaryDirectory } from '../../harness/directory.ts'
import { startHost } from '../../harness/host.ts'
import { ask, sayOverHttp } from '../../harness/http-client.ts'
import { LineClient } from '../../harness/line-client.ts'
import { keyOf, SessionClient } from '../../harness/session-client.ts'

const listed = async (port: number, headers = {}) =>
  (await ask(port, 'GET /rooms', { headers })).json as {
    rooms: { name: string }[]
  }
const namesOf = ({ rooms }: Awaited<ReturnType<typeof listed>>) => rooms.map(({ name }) => name)

test('rules of a room are set by a line, told to everybody, and hold on every server and over a restart', async () => {
  const data = await temporaryDirectory()
  const options = { data, founders: true, freeSpaceFloorBytes: 0 }
  const { port, stop } = await startHost(options)
  const ani = await SessionClient.join(port, 'frames', 'ani', 'hall')
  const netcat = await LineClient.join(port, 'budi')
  await netcat.ask('/join hall', /^\* you are budi in hall/)

  // Only moderators speak, by whatever way, and those with a voice.
  expect(await ani.ask({ type: 'setModeratorsSpeak', on: true })).toMatchObject({ type: 'ack' })
  await netcat.until('* only moderators and members with a voice may speak (set by ani)')
  expect(await netcat.ask('halo', /^! /)).toMatch(/^! NOT_ALLOWED only moderators/)
  expect((await sayOverHttp(port, 'hall', 'halo', { as: 'cici' })).json).toMatchObject({ code: 'NOT_ALLOWED' })
  expect((await ask(port, 'PUT /hall/a.txt', { body: 'abc' })).json).toMatchObject({ code: 'NOT_ALLOWED' })
  expect(await ani.ask({ type: 'startCollection' })).toMatchObject({ type: 'ack' })
  expect((await ask(port, 'PUT /hall/a.txt', { body: 'abc' })).status).toBe(201)
  expect(await ani.ask({ type: 'voice', name: 'budi' })).toMatchObject({ type: 'ack' })
  await netcat.until('* ani gave budi a voice')
  netcat.write('thank you\n')
  await ani.until(() => ani.texts.includes('thank you'))
  expect(await netcat.ask('/who', /budi \(voice\)/)).toContain('ani (moderator)')

  // In no list, but for its members.
  expect(await ani.ask({ type: 'setUnlisted', on: true })).toMatchObject({ type: 'ack' })
  expect(namesOf(await listed(port))).toEqual([])
  expect(namesOf(await listed(port, { 'Tamtam-Key': keyOf('ani') }))).toEqual(['hall'])

  // So many, and no more.
  expect(await ani.ask({ type: 'setMostMembers', most: 2 })).toMatchObject({ type: 'ack' })
  const dodi = await LineClient.join(port, 'dodi')
  expect(await dodi.ask('/join hall', /^[*!] /)).toMatch(/^! FULL /)
  expect((await ask(port, 'GET /rooms/hall')).json).toMatchObject({
    ...{ moderatorsSpeak: true, unlisted: true, mostMembers: 2 },
  })
  await stop()

  const again = await startHost(options)
  expect(namesOf(await listed(again.port))).toEqual([])
  const back = await SessionClient.join(again.port, 'frames', 'ani', 'hall')
  expect(back.of('joined')[0]).toMatchObject({ moderatorsSpeak: true, unlisted: true, mostMembers: 2 })
  const line = await LineClient.join(again.port, 'eka')
  await line.ask('/join hall', /^\* at most 2 members/)
  for (const [command, told] of [
    [{ type: 'setUnlisted', on: false }, '* this room is in the list of rooms (set by ani)'],
    [{ type: 'setMostMembers', most: 0 }, '* any number of members (set by ani)'],
    [{ type: 'setModeratorsSpeak', on: false }, '* everyone may speak (set by ani)'],
  ] as const) {
    expect(await back.ask(command)).toMatchObject({ type: 'ack' })
    await line.until(told)
  }
  expect(namesOf(await listed(again.port))).toEqual(['hall'])
})

test('the halves of a lock, and the other rules, are typed', async () => {
  const { port } = await startHost({ founders: true })
  const ani = await LineClient.join(port, 'ani')
  await ani.ask('/join den', /^\* you are ani in den/)
  for (const [line, answer] of [
    ['/lock entry', '* nobody new comes in'],
    ['/lock topic', '* only moderators set the topic'],
    ['/unlock', '* the room is open again'],
    ['/announce on', '* only moderators and members with a voice may speak'],
    ['/announce off', '* everyone may speak'],
    ['/hide on', '* this room is in no list of rooms but its members’'],
    ['/hide off', '* this room is in the list of rooms'],
    ['/full 12', '* at most 12 members'],
    ['/full off', '* any number of members'],
  ] as const)
    await ani.ask(line, answer)
  for (const line of ['/full none', '/full 0', '/announce', '/hide maybe', '/lock everything'])
    expect(await ani.ask(line, /^[*!] /)).toMatch(/^! BAD_COMMAND /)
})
