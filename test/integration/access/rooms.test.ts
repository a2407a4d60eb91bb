import { describe, expect, test } from 'vitest'
import { createTamtam } from '#app/index.ts'
import { notForYou } from '#server/security/access-control.ts'
import { MemorySecretStore } from '#storage/memory/secret-store.ts'
import { ManualClock } from '#system/clock.ts'
import { come, hosted, OWNER } from '../../harness/den.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { ask } from '../../harness/http-client.ts'
import { LineClient } from '../../harness/line-client.ts'
import { SessionClient, type WireName } from '../../harness/session-client.ts'

const WIRES: readonly WireName[] = ['frames', 'websocket']
describe('a room with a password', () => {
  test.each(WIRES)(
    'is for who shows it, over %s; it looks like no room to all others, and who is in stays in',
    async (by) => {
      const { port, owner, setPassword } = await hosted()
      const early = await come(port, by, 'early', {})
      expect((await setPassword('buka pintu')).status).toBe(204)
      expect(await come(port, by, 'none', {})).toMatchObject({ why: { code: 'NOT_FOUND', message: notForYou.message } })
      expect((await come(port, by, 'wrong', { password: 'buka' })).outcome).toBe('NOT_FOUND')
      expect((await come(port, by, 'right', { password: 'buka pintu' })).outcome).toBe('joined')
      expect(await early.client.say('still here')).toMatchObject({ type: 'ack' })
      expect((await setPassword('another')).status).toBe(204)
      expect(await early.client.say('and still')).toMatchObject({ type: 'ack' })
      expect((await come(port, by, 'late', { password: 'buka pintu' })).outcome).toBe('NOT_FOUND')
      await owner.settled()
      expect(JSON.stringify(owner.events)).not.toMatch(/buka|another/)
    },
  )

  test('on the line server the password follows the room', async () => {
    const { port, setPassword } = await hosted()
    await setPassword('buka pintu')
    const ani = await LineClient.join(port, 'ani')
    expect(await ani.ask('/join den', /^! /)).toBe(`! NOT_FOUND ${notForYou.message}`)
    expect(await ani.ask('/join den salah', /^! /)).toBe(`! NOT_FOUND ${notForYou.message}`)
    await ani.ask('/join den buka pintu', /^\* you are ani in den:/)
  })

  test('over HTTP it is a header, or the key of somebody inside; the list of rooms has it for nobody else', async () => {
    const { port, setPassword, asOwner } = await hosted()
    await setPassword('buka pintu €')
    const shown = { headers: { 'Tamtam-Password': encodeURIComponent('buka pintu €') } }
    const rooms = async (how: object) => {
      const { json } = await ask(port, 'GET /rooms', how)
      return (json as { rooms: { name: string }[] }).rooms.map(({ name }) => name)
    }
    expect((await ask(port, 'GET /rooms/den', {})).status).toBe(404)
    // As curl sends what somebody typed.
    const typed = { headers: { 'Tamtam-Password': Buffer.from('buka pintu €').toString('latin1') } }
    expect((await ask(port, 'GET /rooms/den', typed)).status).toBe(200)
    expect((await ask(port, 'GET /rooms/den', { headers: { 'Tamtam-Password': 'no' } })).status).toBe(404)
    expect((await ask(port, 'GET /rooms/den', shown)).status).toBe(200)
    expect((await ask(port, 'GET /rooms/den', asOwner())).status).toBe(200)
    expect([await rooms({}), await rooms(shown), await rooms(asOwner())]).toEqual([[], ['den'], ['den']])
  })

  test('is told of to everybody inside, at every server, by whom it is given and taken, and never what it is', async () => {
    const { port, owner, setPassword, asOwner } = await hosted()
    const netcat = await LineClient.join(port, 'netcat')
    await netcat.ask('/join den', /^\* you are netcat in den:/)
    const { client: ani } = await come(port, 'websocket', 'ani', {})
    const removed = () => ask(port, 'DELETE /rooms/den/password', asOwner())
    expect((await removed()).status).toBe(204)
    await setPassword('buka pintu')
    await netcat.until('* boss gave the room a password: who comes in from now on needs it')
    const facts = async () => (await ask(port, 'GET /rooms/den', asOwner())).json
    expect(await facts()).toMatchObject({ hasPassword: true })
    const budi = await come(port, 'frames', 'budi', { password: 'buka pintu' })
    expect(budi.client.of('joined')).toMatchObject([{ hasPassword: true }])
    await removed()
    expect(await facts()).not.toHaveProperty('hasPassword')
    await netcat.until("* boss took the room's password away")
    await ani.until(() => ani.events.some(({ type }) => type === 'passwordRemoved'))
    const { id } = owner.of('joined')[0]?.member ?? {}
    const told = [
      { type: 'passwordSet', seq: 1, at: expect.any(Number), by: { id, name: 'boss' } },
      { type: 'passwordRemoved', seq: 2, at: expect.any(Number), by: { id, name: 'boss' } },
    ]
    expect(ani.events.filter(({ type }) => type.startsWith('password'))).toEqual(told)
    expect((await ask(port, 'GET /rooms/den/events', asOwner())).json).toMatchObject({ events: told })
    expect(await netcat.ask('/history', /password away$/)).toMatch(/boss/)
  })

  test('C119: passwords are guessed so fast at one address; who is right then is told to come again, over any protocol', async () => {
    const { port, setPassword } = await hosted({ http: { guessWaitMs: 0 }, overrides: { clock: new ManualClock() } })
    await setPassword('right')
    const shown = (password: string) => ({ headers: { 'Tamtam-Password': password } })
    const friend = await come(port, 'websocket', 'friend', { password: 'right' })
    for (let guess = 0; guess < 10; guess++)
      expect((await ask(port, 'GET /rooms/den', shown(`wrong ${guess}`))).status).toBe(404)
    for (const path of ['/rooms/den', '/rooms/den/events', '/rooms']) {
      const later = await ask(port, `GET ${path}`, shown('right'))
      expect([path, later.status, later.json]).toEqual([path, path === '/rooms' ? 200 : 429, expect.anything()])
      if (later.status === 429) expect(Number(later.headers['retry-after'])).toBeGreaterThan(0)
    }
    const ani = await LineClient.join(port, 'ani')
    await ani.ask('/join den right', /^! TRY_LATER .*try again in \d+ s$/)
    for (const by of WIRES) expect((await come(port, by, `new-${by}`, { password: 'right' })).outcome).toBe('TRY_LATER')
    // Strangers have used up nothing of whoever has been let in by it, and nothing of other rooms or addresses.
    friend.client.reset()
    expect((await come(port, 'websocket', 'friend', { password: 'right' })).outcome).toBe('joined')
    expect((await ask(port, 'GET /rooms/lobby')).status).toBe(200)
    expect((await ask(port, 'GET /rooms/den', { ...shown('right'), from: '127.0.0.9' })).status).toBe(200)
  })

  test('C119: at the list of rooms, too, where somebody gives a room of their own each password that they try', async () => {
    const { port, setPassword, owner, asOwner } = await hosted({
      http: { guessWaitMs: 0 },
      overrides: { clock: new ManualClock() },
    })
    await setPassword('right')
    await owner.enter('own')
    const listed = async (password: string) => {
      await ask(port, 'PUT /rooms/own/password', asOwner(JSON.stringify({ password })))
      const { status, json } = await ask(port, 'GET /rooms', { headers: { 'Tamtam-Password': password } })
      return [status, (json as { rooms?: { name: string }[] }).rooms?.map(({ name }) => name)]
    }
    for (let guess = 0; guess < 10; guess++) expect(await listed(`wrong ${guess}`)).toEqual([200, ['own']])
    expect(await listed('wrong again')).toEqual([429, undefined])
  })

  test('C121: is kept over a restart as nothing that it could be read from', async () => {
    const data = await temporaryDirectory()
    const { secretStore, setPassword } = await hosted()
    await setPassword('buka pintu')
    expect(await secretStore.read('rooms')).not.toContain('buka')
    const next = createTamtam({ data, freeSpaceFloorBytes: 0, overrides: { secretStore } })
    await next.start()
    const { port } = await next.listen({ port: 0, silentMs: 20 })
    expect((await come(port, 'frames', 'ani', {})).outcome).toBe('NOT_FOUND')
    expect((await come(port, 'frames', 'ani', { password: 'buka pintu' })).outcome).toBe('joined')
    await next.stop()
  })

  test.each(['', ' a', 'a\nb', 'x'.repeat(257)])('refuses %j for a password', async (word) => {
    const { setPassword } = await hosted()
    expect((await setPassword(word)).json).toMatchObject({ code: 'BAD_TEXT' })
  })

  test('keys that can not be understood keep the host from starting, not from asking', async () => {
    const secretStore = new MemorySecretStore()
    await secretStore.write('rooms', '{"passwords":')
    await expect(createTamtam({ overrides: { secretStore } }).start()).rejects.toThrow()
  })
})

describe('the owner', () => {
  test('is whoever shows the owner’s key, from anywhere, also without the token', async () => {
    const { port, owner } = await hosted({ token: true })
    expect(owner.of('joined')[0]?.member).toMatchObject({ name: 'boss', role: 'owner' })
    expect(await owner.ask({ type: 'lock' })).toMatchObject({ type: 'ack' })
    expect((await ask(port, 'GET /rooms/den', { headers: { 'Tamtam-Key': '0'.repeat(32) } })).status).toBe(404)
  })

  test('and ops are what they were after a restart', async () => {
    const { secretStore } = await hosted()
    const data = await temporaryDirectory()
    for (const life of ['first', 'second']) {
      const tamtam = createTamtam({ data, freeSpaceFloorBytes: 0, overrides: { secretStore } })
      await tamtam.start()
      const { port } = await tamtam.listen({ port: 0, silentMs: 20 })
      const ani = await SessionClient.join(port, 'frames', 'ani')
      if (life === 'first') {
        const boss = await SessionClient.connect(port, 'frames')
        boss.send({ type: 'hello', version: 1, key: OWNER, name: 'boss' })
        await boss.enter('lobby')
        expect(await boss.ask({ type: 'op', name: 'ani' })).toMatchObject({ type: 'ack' })
      } else expect(ani.of('joined')[0]?.member).toMatchObject({ role: 'op' })
      await tamtam.stop()
    }
  })
})
