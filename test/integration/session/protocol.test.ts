import { describe, expect, test } from 'vitest'
import { CAPABILITIES, COMMANDS } from '#protocol/schema.ts'
import { startHost } from '../../harness/host.ts'
import { LineClient } from '../../harness/line-client.ts'
import { keyOf, SessionClient, type WireName } from '../../harness/session-client.ts'

const WIRES: readonly WireName[] = ['frames', 'websocket']

describe.each(WIRES)('over %s', (by) => {
  test('hello is answered with what the host is and can', async () => {
    const { port } = await startHost()
    const client = await SessionClient.connect(port, by)
    client.send({ type: 'hello', version: 1, key: keyOf('ani') })
    await client.until(() => client.messages.length > 0)
    expect(CAPABILITIES).toEqual(expect.arrayContaining([...COMMANDS, 'join.client', 'leave.message', 'say.notice']))
    expect(client.messages).toEqual([
      {
        type: 'welcome',
        version: 1,
        capabilities: CAPABILITIES,
        host: expect.stringMatching(/^tamtam\/\d/),
      },
    ])
  })

  test('who joins is told who is there, and hears what happens from then on', async () => {
    const { port } = await startHost()
    const line = await LineClient.join(port, 'budi')
    line.write('before\n')
    await line.ask('/topic tea', /topic/)
    const client = await SessionClient.connect(port, by)
    client.send({ type: 'hello', version: 1, key: keyOf('ani'), name: 'ani' })
    const joined = await client.enter('Lobby')
    expect(joined).toMatchObject({ room: 'lobby', member: { name: 'ani' }, count: 2, topic: 'tea', last: 2 })
    expect(joined.members.map(({ name }) => name)).toEqual(['budi', 'ani'])
    line.write('halo\n')
    await client.until(() => client.texts.length > 0)
    expect(client.texts).toEqual(['halo'])
  })

  test('a command is answered after its commit, and the sender sees what it said like everybody', async () => {
    const { port } = await startHost()
    const line = await LineClient.join(port, 'budi')
    const client = await SessionClient.join(port, by, 'ani')
    expect(await client.say('halo')).toEqual({ type: 'ack', ref: 1, seq: 1, duplicate: false })
    expect(await client.ask({ type: 'rename', name: 'Ani' })).toMatchObject({ type: 'ack', ref: 2 })
    expect(await client.ask({ type: 'whisper', to: 'nobody', text: 'x' })).toMatchObject({
      type: 'rejected',
      ref: 3,
      code: 'NO_SUCH_MEMBER',
    })
    client.send({ type: 'command', command: { type: 'act', text: 'waves' } })
    await line.until('* Ani waves')
    expect(line.lines).toContain('<ani> halo')
    await client.until(() => client.texts.length === 2)
    expect(client.entries.map(({ seq }) => seq)).toEqual([1, 2])
  })

  test('of commands without a ref only refusals are told', async () => {
    const { port } = await startHost()
    const client = await SessionClient.join(port, by, 'ani')
    client.send({ type: 'command', command: { type: 'say', text: 'halo' } })
    client.send({ type: 'command', command: { type: 'whisper', to: 'nobody', text: 'x' } })
    await client.until(() => client.of('rejected').length > 0 && client.texts.length > 0)
    expect(client.of('rejected')).toEqual([{ type: 'rejected', code: 'NO_SUCH_MEMBER', message: expect.any(String) }])
    expect(client.of('ack')).toEqual([])
  })

  test('whispers reach those concerned, on all wires, and nobody else', async () => {
    const { port } = await startHost()
    const ani = await SessionClient.join(port, by, 'ani')
    const budi = await SessionClient.join(port, 'frames', 'budi')
    const cici = await SessionClient.join(port, 'websocket', 'cici')
    ani.send({ type: 'command', command: { type: 'say', text: 'open' } })
    ani.send({ type: 'command', command: { type: 'whisper', to: 'budi', text: 'psst' } })
    await ani.say('close')
    for (const client of [ani, budi, cici]) await client.until(() => client.texts.includes('close'))
    expect(ani.texts).toEqual(['open', 'psst', 'close'])
    expect(budi.texts).toEqual(['open', 'psst', 'close'])
    expect(cici.texts).toEqual(['open', 'close'])
    expect(cici.entries.map(({ seq }) => seq)).toEqual([1, 3])
  })

  test('the next room is joined, and the one before left', async () => {
    const { port } = await startHost()
    const line = await LineClient.join(port, 'budi')
    const client = await SessionClient.join(port, by, 'ani')
    await client.enter('den')
    await line.until('* ani left')
    await client.say('here')
    expect(await client.say('again')).toMatchObject({ seq: 2 })
    expect(client.texts).toEqual(['here', 'again'])
  })

  test('who says leave has left once the connection is over', async () => {
    const { port } = await startHost()
    const line = await LineClient.join(port, 'budi')
    const client = await SessionClient.join(port, by, 'ani')
    client.send({ type: 'command', ref: 1, command: { type: 'say', text: 'bye' } })
    client.send({ type: 'leave' })
    await client.closed()
    expect(client.of('ack')).toHaveLength(1)
    expect(client.of('bye')).toEqual([{ type: 'bye', code: 'CLOSED', message: 'you left' }])
    await line.until('* ani left')
  })

  test('before hello there is only hello and ping', async () => {
    const { port } = await startHost()
    const client = await SessionClient.connect(port, by)
    client.send({ type: 'join', room: 'lobby' })
    client.send({ type: 'command', ref: 4, command: { type: 'say', text: 'x' } })
    await client.settled()
    expect(client.messages).toMatchObject([
      { type: 'rejected', code: 'BAD_REQUEST' },
      { type: 'rejected', code: 'BAD_REQUEST', ref: 4 },
      { type: 'pong' },
    ])
  })

  test('a name that somebody has is refused, and hello may be said again with another', async () => {
    const { port } = await startHost()
    await LineClient.join(port, 'ani')
    const client = await SessionClient.connect(port, by)
    client.send({ type: 'hello', version: 1, key: keyOf('x'), name: 'Ani' })
    client.send({ type: 'join', room: 'lobby' })
    await client.until(() => client.of('rejected').length > 0)
    expect(client.of('rejected')[0]).toMatchObject({ code: 'NAME_TAKEN' })
    client.send({ type: 'hello', version: 1, key: keyOf('x'), name: 'anita' })
    expect(await client.enter('lobby')).toMatchObject({ member: { name: 'anita' } })
  })

  test('when the host stops, everybody is told to come back', async () => {
    const { port, stop } = await startHost()
    const client = await SessionClient.join(port, by, 'ani')
    await Promise.all([stop(), client.closed()])
    expect(client.of('bye')).toEqual([{ type: 'bye', code: 'RESTART', message: 'the host stops' }])
    if (by === 'websocket') expect(client.closeCode).toBe(1012)
  })
})
