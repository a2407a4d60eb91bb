import { expect, test } from 'vitest'
import type { Access } from '#app/index.ts'
import { MemoryJournal, MemoryLog } from '../../contract/index.ts'
import { ask, sayOverHttp, startHttpHost } from '../../harness/http-client.ts'
import { LineClient } from '../../harness/line-client.ts'

test('GET /rooms tells of rooms that are in use or have a history, and how many are in them', async () => {
  const { port, tamtam } = await startHttpHost()
  expect((await ask(port, 'GET /rooms')).json).toEqual({ rooms: [] })
  await sayOverHttp(port, 'garden', 'rain')
  await tamtam.engine.join({ room: 'lobby', name: 'ani' })
  expect((await ask(port, 'GET /rooms')).json).toEqual({
    rooms: [
      { name: 'garden', members: 0, last: 1 },
      { name: 'lobby', members: 1, last: 0 },
    ],
  })
})

test('GET /rooms/:room tells its topic and who is there, but not of guests of HTTP', async () => {
  const { port, tamtam } = await startHttpHost()
  const ani = await tamtam.engine.join({ room: 'lobby', name: 'ani' })
  await ani.send({ type: 'setTopic', topic: 'rain' })
  const room = { name: 'lobby', topic: 'rain', last: 1, members: ['ani'] }
  expect((await ask(port, 'GET /rooms/lobby')).json).toEqual(room)
  expect((await ask(port, 'GET /rooms/Lobby', { as: 'budi' })).json).toEqual(room)
})

test('a page holds at most `limit` entries, from either end', async () => {
  const { port } = await startHttpHost()
  await sayOverHttp(port, 'lobby', Array.from({ length: 250 }, (_, index) => `line ${index + 1}`).join('\n'))
  const seqs = async (query: string) => {
    const { events, last } = (await ask(port, `GET /rooms/lobby/events${query}`)).json as {
      events: { seq: number }[]
      last: number
    }
    expect(last).toBe(250)
    return events.map(({ seq }) => seq)
  }
  const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)
  expect(await seqs('')).toEqual(range(151, 250))
  expect(await seqs('?limit=3')).toEqual([248, 249, 250])
  expect(await seqs('?limit=501')).toEqual(range(1, 250))
  expect(await seqs('?after=0&limit=2')).toEqual([1, 2])
  expect(await seqs('?after=248')).toEqual([249, 250])
  expect(await seqs('?after=250')).toEqual([])
  expect(await seqs('?after=9999')).toEqual([])
  expect(await seqs('?before=4')).toEqual([1, 2, 3])
  expect(await seqs('?before=200&limit=2')).toEqual([198, 199])
  expect(await seqs('?before=1')).toEqual([])
  expect(await seqs('?before=0')).toEqual([])
  expect(await seqs('?before=9999&limit=1')).toEqual([250])
  expect(await seqs('?after=10&before=13')).toEqual([11, 12])
})

test('a page before something reaches back over whispers that nobody else may see', async () => {
  const { port, tamtam } = await startHttpHost()
  const ani = await tamtam.engine.join({ room: 'lobby', name: 'ani' })
  await tamtam.engine.join({ room: 'lobby', name: 'budi' })
  await ani.send({ type: 'say', text: 'first' })
  for (let count = 0; count < 50; count++) await ani.send({ type: 'whisper', to: 'budi', text: 'psst' })
  await ani.send({ type: 'say', text: 'last' })
  const { text, json } = await ask(port, 'GET /rooms/lobby/events?limit=2')
  expect((json as { events: { seq: number }[] }).events.map(({ seq }) => seq)).toEqual([1, 52])
  expect(text).not.toContain('psst')
})

test.each(['limit=x', 'limit=0', 'limit=-1', 'after=1e3', 'before=', 'limit=1&limit=2', `after=${'9'.repeat(40)}`])(
  'a query of %s is refused',
  async (query) => {
    const { port } = await startHttpHost()
    const answer = await ask(port, `GET /rooms/lobby/events?${query}`)
    expect([answer.status, answer.json]).toEqual([400, { code: 'BAD_REQUEST', message: expect.any(String) }])
  },
)

test('GET /rooms/:room/search finds texts, and needs to know what for', async () => {
  const { port } = await startHttpHost()
  await sayOverHttp(port, 'lobby', 'the rain in spain\nsun\nrainbow', { as: 'ani' })
  const { json } = await ask(port, 'GET /rooms/lobby/search?q=rain')
  expect((json as { events: { text: string }[] }).events.map(({ text }) => text)).toEqual([
    'the rain in spain',
    'rainbow',
  ])
  expect((await ask(port, 'GET /rooms/lobby/search?q=rain&limit=1')).json).toMatchObject({
    events: [{ type: 'said', seq: 3, by: { name: 'ani' }, text: 'rainbow' }],
  })
  expect((await ask(port, 'GET /rooms/lobby/search')).status).toBe(400)
})

test('a search for more words than one step has time for is refused', async () => {
  const { port } = await startHttpHost()
  await sayOverHttp(port, 'lobby', 'a b c')
  const words = Array.from({ length: 17 }, (_, index) => `w${index}`)
  const look = (query: readonly string[]) => ask(port, `GET /rooms/lobby/search?q=${query.join('.')}`)
  expect((await look(words.slice(1))).status).toBe(200)
  expect(await look(words)).toMatchObject({ status: 400, json: { code: 'BAD_REQUEST' } })
  expect((await look([...words.slice(1), 'w1', 'W1'])).status).toBe(200)
  const ani = await LineClient.join(port, 'ani')
  await ani.ask(`/search ${words.join(' ')}`, /^! BAD_REQUEST .*at most 16/)
})

test('file events carry the address of their file', async () => {
  const { port } = await startHttpHost()
  const ani = await LineClient.join(port, 'ani')
  ani.write('/put 3 a b%.txt\nabc')
  await ani.until(/is in the room/)
  const { json } = await ask(port, 'GET /rooms/lobby/events')
  const { file } = (json as { events: { file: { id: string } }[] }).events.at(-1) ?? {}
  expect(file).toMatchObject({ name: 'a b%.txt', size: 3, url: `/files/${file?.id}/a%20b%25.txt` })
})

test('what is not there is 404, and what may not be done there 405 with what may', async () => {
  const { port } = await startHttpHost()
  for (const path of ['/', '/rooms/a/b', '/.git/config/x', '/ROOMS', '/lobby', '/rooms/lobby/events/x'])
    expect([path, (await ask(port, `GET ${path}`)).text]).toEqual([
      path,
      '{"code":"NOT_FOUND","message":"there is nothing here for you; it may want a token, a password (Tamtam-Password) or an invitation. A file goes in by curl -T FILE http://HOST:PORT/ROOM/; /openapi.json has all addresses"}',
    ])
  const answer = await ask(port, 'DELETE /rooms/lobby')
  expect([answer.status, answer.headers.allow]).toEqual([405, expect.stringMatching(/^GET, HEAD/)])
  expect(answer.json).toMatchObject({ code: 'METHOD_NOT_ALLOWED' })
})

test.each([
  ['GET /rooms/..%2f..%2fetc/events', 400, 'BAD_ROOM'],
  ['GET /rooms/%00', 400, 'BAD_ROOM'],
  [`GET /rooms/${'a'.repeat(65)}`, 400, 'BAD_ROOM'],
  [`GET /rooms/${'a'.repeat(2000)}`, 400, 'BAD_REQUEST'],
  ['GET /rooms/%zz', 400, 'BAD_REQUEST'],
  ['GET /%c0%ae', 400, 'BAD_REQUEST'],
])('C66: %s is %i %s', async (line, status, code) => {
  const { port } = await startHttpHost()
  const answer = await ask(port, line)
  expect([answer.status, answer.json]).toEqual([status, { code, message: expect.any(String) }])
})

test('C66: one client makes rooms up to a limit and no further; whoever is there goes on', async () => {
  const { port } = await startHttpHost({ limits: { keptRooms: 50 } })
  const ani = await LineClient.join(port, 'ani')
  const statuses: number[] = []
  for (let room = 1; room < 60; room++) statuses.push((await sayOverHttp(port, `room-${room}`, 'hi')).status)
  expect(statuses).toEqual([...Array(49).fill(201), ...Array(10).fill(503)])
  expect((await sayOverHttp(port, 'one-more', 'hi')).json).toMatchObject({ code: 'TOO_MANY_ROOMS' })
  await ani.ask('/join one-more', /^! TOO_MANY_ROOMS /)
  expect((await ask(port, 'GET /rooms')).text.match(/"name"/g)).toHaveLength(50)
  expect((await sayOverHttp(port, 'room-49', 'still a place')).status).toBe(201)
  expect((await sayOverHttp(port, 'lobby', 'halo')).status).toBe(201)
  await ani.until('<127.0.0.1> halo')
})

test('HEAD answers as GET does, without the body, and ends where GET would stay open', async () => {
  const { port } = await startHttpHost()
  await sayOverHttp(port, 'lobby', 'hi')
  const got = await ask(port, 'GET /rooms/lobby')
  const headed = await ask(port, 'HEAD /rooms/lobby')
  expect([headed.status, headed.text, headed.headers['content-length']]).toEqual([200, '', String(got.text.length)])
  const stream = await ask(port, 'HEAD /rooms/lobby/events', { headers: { Accept: 'application/x-ndjson' } })
  expect([stream.headers['content-type'], stream.text]).toEqual(['application/x-ndjson', ''])
})

test('/healthz is ok, and degraded while the stores refuse', async () => {
  const journal = new MemoryJournal()
  const append = journal.append.bind(journal)
  const { port } = await startHttpHost({ overrides: { journal } })
  expect((await ask(port, 'GET /healthz')).json).toEqual({ status: 'ok' })
  journal.append = async () => ({ status: 'readOnly', message: 'the disk is full' })
  const refused = await sayOverHttp(port, 'lobby', 'hi')
  expect([refused.status, refused.json]).toEqual([503, { code: 'READ_ONLY', message: 'the disk is full' }])
  const degraded = await ask(port, 'GET /healthz')
  expect([degraded.status, degraded.json]).toEqual([
    503,
    { status: 'degraded', code: 'READ_ONLY', message: 'the disk is full' },
  ])
  journal.append = append
  expect((await sayOverHttp(port, 'lobby', 'hi')).status).toBe(201)
  expect((await ask(port, 'GET /healthz')).status).toBe(200)
  journal.append = async () => {
    throw new Error('EIO')
  }
  expect((await sayOverHttp(port, 'lobby', 'hi')).json).toMatchObject({ code: 'CLOSED' })
  expect((await ask(port, 'GET /healthz')).json).toMatchObject({ status: 'degraded' })
})

test('/metrics tells how the host is, and nothing of another host in this process', async () => {
  const { port } = await startHttpHost()
  const other = await startHttpHost()
  await sayOverHttp(port, 'lobby', 'a\nb')
  await ask(port, 'GET /metrics')
  const { text, headers } = await ask(port, 'GET /metrics')
  expect(headers['content-type']).toMatch(/^text\/plain; version=/)
  for (const line of [
    'tamtam_rooms 1',
    'tamtam_members 0',
    'tamtam_entries 2',
    'tamtam_transfers 0',
    'tamtam_connections_http_total 3',
    'tamtam_commit_events_sum 2',
  ])
    expect(text.split('\n')).toContain(line)
  for (const name of ['connections', 'outbox_bytes', 'commit_ms_count', 'event_loop_delay_p99_ms'])
    expect(text).toMatch(new RegExp(`^tamtam_${name} \\d`, 'm'))
  expect((await ask(other.port, 'GET /metrics')).text).toContain('tamtam_entries 0')
})

test('C60: whatever a request says, the log has no line of its making', async () => {
  const log = new MemoryLog()
  const access: Access = () => {
    throw new Error('a rule that fails')
  }
  const { port } = await startHttpHost({ overrides: { log }, access })
  const answer = await ask(port, 'GET /rooms/secret', { headers: { 'User-Agent': 'evil' } })
  expect([answer.status, answer.json]).toEqual([500, { code: 'BUG', message: expect.any(String) }])
  expect(JSON.stringify(log.lines)).toContain('a rule that fails')
  expect(JSON.stringify(log.lines)).not.toMatch(/secret|evil/)
})
