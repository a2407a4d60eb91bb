import { expect, test } from 'vitest'
import { compose } from '#app/compose.ts'
import type { Access } from '#app/index.ts'
import { ManualClock } from '#system/clock.ts'
import { pieces } from '../../harness/bytes.ts'
import { type Answer, type Asked, ask, sayOverHttp, startHttpHost } from '../../harness/http-client.ts'
import { keyOf, SessionClient } from '../../harness/session-client.ts'

/** Who is asking, by what they show: the rule knows who belongs to which room now. */
const MEMBERS: Readonly<Record<string, string>> = { 'Bearer of-garden': 'garden', 'Bearer of-all': '*' }

const REQUESTERS = {
  stranger: {},
  'of another room': { headers: { Authorization: 'Bearer of-another' } },
  'ex-member': { headers: { Authorization: 'Bearer was-of-garden' } },
  'by a name': { as: 'ani' },
  'with another scheme': { headers: { Authorization: 'Basic b2YtZ2FyZGVu' } },
} satisfies Record<string, Asked>

/** A host where the room garden is for its members only, and has a history and a topic. */
async function guarded() {
  const former = new Set(['was-of-garden'])
  const access: Access = ({ room, credential }) => {
    if (credential === undefined || former.has(credential)) return false
    const may = MEMBERS[`Bearer ${credential}`]
    return may === '*' || may === room
  }
  // What is wrong takes its time, and only so much of it is listened to, which the last of these tests looks at.
  const http = { guessFloorMs: 0, guessesPerMinute: 10_000, guessesPerMinuteAndAddress: 10_000 }
  const host = await startHttpHost({ access, http })
  await sayOverHttp(host.port, 'garden', 'a secret', { headers: { Authorization: 'Bearer of-garden' } })
  const ani = await host.tamtam.engine.join({ room: 'garden', name: 'ani-inside' })
  await ani.send({ type: 'setTopic', topic: 'a secret' })
  const whole = await ani.upload(pieces('secret'), { name: 'secret.txt' }).done
  const arriving = await ani.createTransfer({ name: 'secret', size: 10 })
  return { ...host, whole: idOf(whole), arriving: idOf(arriving) }
}

function idOf(file: object): string {
  if (!('id' in file) || typeof file.id !== 'string') throw new Error(`this is no file: ${JSON.stringify(file)}`)
  return file.id
}

/** Every route that has to do with a room, with `ROOM` where its name stands. */
const ROUTES: readonly (readonly [string, Asked])[] = [
  ['GET /rooms/ROOM', {}],
  ['HEAD /rooms/ROOM', {}],
  ['GET /rooms/ROOM/events', {}],
  ['GET /rooms/ROOM/events?limit=x', {}],
  ['GET /rooms/ROOM/events', { headers: { Accept: 'application/x-ndjson' } }],
  ['GET /rooms/ROOM/events', { headers: { Accept: 'text/event-stream' } }],
  ['GET /rooms/ROOM/search?q=secret', {}],
  ['GET /rooms/ROOM/search', {}],
  ['POST /rooms/ROOM/messages', { body: 'hi', headers: { 'Content-Type': 'text/plain' } }],
  ['PUT /rooms/ROOM/password', { body: '{"password":"x"}', headers: { 'Content-Type': 'application/json' } }],
  ['DELETE /rooms/ROOM/messages/1', {}],
  ['DELETE /rooms/ROOM/password', {}],
  ['POST /rooms/ROOM/invitations', {}],
  ['GET /rooms/ROOM/invitations', {}],
  ['DELETE /rooms/ROOM/invitations/00000000', {}],
  ['POST /rooms/ROOM/drop-links', {}],
  ['GET /rooms/ROOM/drop-links', {}],
  ['DELETE /rooms/ROOM/messages/1', {}],
  ['DELETE /rooms/ROOM/drop-links/00000000', {}],
  ['POST /rooms/ROOM/messages', { body: '{', headers: { 'Content-Type': 'application/json' } }],
  ['POST /rooms/ROOM/messages', { body: 'hi', headers: { 'Content-Type': 'text/plain', 'Idempotency-Key': '' } }],
]

const TUS = { 'Tus-Resumable': '1.0.0' }
const OFFSET = { ...TUS, 'Content-Type': 'application/offset+octet-stream', 'Upload-Offset': '0' }

const FORM: Asked = {
  headers: { 'Content-Type': 'multipart/form-data; boundary=B' },
  body: '--B\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc\r\n--B--\r\n',
}

const ROOM_FILES: readonly (readonly [string, Asked])[] = [
  ['GET /rooms/ROOM/files', {}],
  ['GET /rooms/ROOM/hand-ins', {}],
  ['GET /rooms/ROOM/files.zip', {}],
  ['GET /rooms/ROOM/files.tar', {}],
  ['POST /rooms/ROOM/links', {}],
  ['POST /rooms/ROOM/files', { headers: { ...TUS, 'Upload-Length': '3' } }],
  ['PUT /rooms/ROOM/files/a.txt', { body: 'abc' }],
  ['PUT /rooms/ROOM/files/', { body: 'abc' }],
  ['PUT /ROOM/a.txt', { body: 'abc' }],
  ['PUT /ROOM/photos/', { body: 'abc' }],
  ['PUT /rooms/ROOM/files/photos/', { body: 'abc' }],
  ['PUT /ROOM/', { body: 'abc' }],
  ['PUT /ROOM/folder/', { body: 'abc' }],
  ['PUT /rooms/ROOM/files/folder/', { body: 'abc' }],
  ['POST /ROOM', FORM],
  ['POST /ROOM/', FORM],
  ['POST /ROOM/a.txt', FORM],
  ['POST /ROOM/a.txt', { body: 'abc' }],
  ['POST /rooms/ROOM', FORM],
  ['POST /rooms/ROOM/files', FORM],
  ['POST /rooms/ROOM/files/a.txt', { body: 'abc' }],
]

/** Every route that has to do with one file, with `ID` where its id stands. */
const FILES: readonly (readonly [string, Asked])[] = [
  ['GET /files/ID', {}],
  ['GET /files/ID', { headers: { Range: 'bytes=1-' } }],
  ['GET /files/ID', { headers: { 'If-None-Match': '*' } }],
  ['HEAD /files/ID', {}],
  ['HEAD /files/ID', { headers: TUS }],
  ['GET /files/ID/a.txt', {}],
  ['HEAD /files/ID/a.txt', {}],
  ['GET /files/ID/a.txt/', {}],
  ['GET /files/ID/a.txt.zip', {}],
  ['PATCH /files/ID', { body: 'abc', headers: OFFSET }],
  ['POST /files/ID', { body: 'abc', headers: { ...OFFSET, 'X-HTTP-Method-Override': 'PATCH' } }],
  ['POST /files/ID', { headers: { ...TUS, 'X-HTTP-Method-Override': 'DELETE' } }],
  ['DELETE /files/ID', { headers: TUS }],
  ['GET /files/ID/receipts', {}],
  ['POST /files/ID/links', {}],
  ['GET /files/ID?ticket=AAAA', {}],
  ['HEAD /files/ID/a.txt?ticket=', {}],
  [
    'POST /files/ID/receipts',
    { body: JSON.stringify({ sha256: '0'.repeat(64) }), headers: { 'Content-Type': 'application/json' } },
  ],
]

/** All that an answer says, but for when. */
const seen = ({ status, headers, text }: Answer) => {
  const { date: _date, ...others } = headers
  return { status, headers: others, text }
}

const asked = (one: Asked, other: Asked): Asked => ({ ...one, ...other, headers: { ...one.headers, ...other.headers } })

test.each(Object.entries(REQUESTERS))(
  'C117: %s: a room that one may not see and one that is not there are the same to the byte, on every route',
  async (_who, as) => {
    const { port } = await guarded()
    for (const [line, with_] of [...ROUTES, ...ROOM_FILES]) {
      const how = asked(with_, as)
      const forbidden = seen(await ask(port, line.replace('ROOM', 'garden'), how))
      expect([line, forbidden]).toEqual([line, seen(await ask(port, line.replace('ROOM', 'desert'), how))])
      expect([line, forbidden.status]).toEqual([line, 404])
      const nowhere = await ask(port, line.replace(/ .*/, ' /nowhere/at/all'), how)
      expect([line, nowhere.status, nowhere.text]).toEqual([line, forbidden.status, forbidden.text])
    }
  },
)

test.each(Object.entries(REQUESTERS))(
  'C115: %s: a file that one may not see and one that is not there are the same to the byte, on every route',
  async (_who, as) => {
    const { port, whole, arriving, tamtam } = await guarded()
    for (const [line, with_] of FILES) {
      const how = asked(with_, as)
      const absent = seen(await ask(port, line.replace('ID', 'f'.repeat(32)), how))
      expect([line, absent.status]).toEqual([line, 404])
      for (const id of [whole, arriving])
        expect([line, seen(await ask(port, line.replace('ID', id), how))]).toEqual([line, absent])
    }
    expect(await tamtam.engine.transfer(arriving)).toMatchObject({ durable: 0, status: 'paused' })
  },
)

/** A room in which ani has sent files to budi, and has handed some in: whole ones, and such as are on their way. */
async function withFilesForSome() {
  const host = await startHttpHost()
  const owner = await host.tamtam.engine.join({ room: 'lobby', name: 'host', role: 'owner' })
  for (const name of ['ani', 'budi', 'cici', 'dewi', 'eka']) await SessionClient.join(host.port, 'frames', name)
  for (const name of ['dewi', 'eka']) await owner.send({ type: 'op', name })
  await owner.send({ type: 'deop', name: 'eka' })
  const send = async (name: string, to = '') => {
    const whole = await ask(host.port, `PUT /lobby/${name}.txt${to}`, { body: 'secret', ...BY.ani })
    const headers = { ...TUS, 'Upload-Length': '10', ...BY.ani.headers }
    const arriving = await ask(host.port, `POST /rooms/lobby/files${to}`, { headers })
    return [idOf(whole.json as object), String(arriving.headers.location).replace('/files/', '')] as const
  }
  const direct = await send('direct', '?to=budi')
  await owner.send({ type: 'startCollection' })
  const collected = await send('collected')
  return { ...host, direct, collected }
}

const by = (name: string) => ({ headers: { 'Tamtam-Key': keyOf(name) } })
const BY = { ani: by('ani'), budi: by('budi'), cici: by('cici'), dewi: by('dewi'), eka: by('eka'), fani: by('fani') }

/** Who gets nothing of which files. */
const OTHERS = {
  'a guest': [{}, 'direct', 'collected'],
  'a guest who uses the name of the one meant': [{ as: 'budi' }, 'direct', 'collected'],
  'another member': [BY.cici, 'direct', 'collected'],
  'somebody who never came in': [BY.fani, 'direct', 'collected'],
  'an op who is none any more': [BY.eka, 'direct', 'collected'],
  'an op': [BY.dewi, 'direct'],
  'the receiver of something else': [BY.budi, 'collected'],
} satisfies Record<string, readonly [Asked, ...('direct' | 'collected')[]]>

test.each(Object.entries(OTHERS))(
  'C115, C117: to %s a file for others is not there, to the byte',
  async (_who, [as, ...kinds]) => {
    const host = await withFilesForSome()
    for (const [line, with_] of FILES) {
      const how = asked(with_, as)
      const absent = seen(await ask(host.port, line.replace('ID', 'f'.repeat(32)), how))
      expect(absent.status).toBe(404)
      for (const id of kinds.flatMap((kind) => [...host[kind]]))
        expect([line, seen(await ask(host.port, line.replace('ID', id), how))]).toEqual([line, absent])
    }
    for (const id of [host.direct[1], host.collected[1]])
      expect(await host.tamtam.engine.transfer(id)).toMatchObject({ durable: 0, status: 'paused' })
  },
)

test('a file for some is there for its sender and for whom it is, on every route', async () => {
  const { port, direct, collected } = await withFilesForSome()
  const may = [
    [BY.ani, [...direct, ...collected]],
    [BY.budi, direct],
    [BY.dewi, collected],
  ] as const
  for (const [who, ids] of may)
    for (const id of ids)
      for (const [line, with_] of FILES) {
        if (/DELETE|PATCH|ticket|OVERRIDE/i.test(line + JSON.stringify(with_))) continue
        // What is on its way is not read to its end, and nobody has it.
        if (id === ids[1] || id === ids[3]) if (!line.startsWith('HEAD')) continue
        const { status } = await ask(port, line.replace('ID', id), asked(with_, who))
        expect([line, status]).not.toEqual([line, 404])
      }
})

test('every route that has to do with a room or a file stands in these tables', async () => {
  const server = compose({}).http
  await server.open()
  await server.close('', 0)
  const tested = [...ROUTES, ...ROOM_FILES, ...FILES].map(([line]) => line.split('?', 1)[0] ?? '')
  const open = server.routes.filter(
    // Those of drop links have tables of their own (test/integration/access/drop-links.test.ts).
    ({ method, path, link }) => path.includes(':') && method !== 'OPTIONS' && method !== 'HEAD' && link !== 'drop',
  )
  for (const { method, path } of open) {
    const line = new RegExp(`^${method} ${path.replace(/:\w+/g, '[^/]*')}$`)
    expect([method, path, tested.some((each) => line.test(each))]).toEqual([method, path, true])
  }
})

test('no route is concealed from a member', async () => {
  const { port } = await guarded()
  for (const [line, how] of [...ROUTES, ...ROOM_FILES]) {
    const member = asked(how, { headers: { Authorization: 'Bearer of-garden' } })
    // A stream stays open: what it begins with is enough.
    const head = line.includes('/events') ? line.replace('GET', 'HEAD') : line
    expect([line, (await ask(port, head.replace('ROOM', 'garden'), member)).status]).not.toEqual([line, 404])
  }
})

test.each(['Garden', '%23garden', 'GARDEN', 'g%61rden'])(
  'the rule is asked about the room as it is called, not as %s',
  async (name) => {
    const { port } = await guarded()
    expect((await ask(port, `GET /rooms/${name}`)).status).toBe(404)
    expect((await ask(port, `GET /rooms/${name}`, { headers: { Authorization: 'Bearer of-garden' } })).status).toBe(200)
  },
)

test('GET /rooms lists only what the requester may see, and others nothing', async () => {
  const { port } = await guarded()
  const names = async (how: Asked) => {
    const { rooms } = (await ask(port, 'GET /rooms', how)).json as { rooms: { name: string }[] }
    return rooms.map(({ name }) => name)
  }
  await sayOverHttp(port, 'kitchen', 'hi', { headers: { Authorization: 'Bearer of-all' } })
  for (const how of Object.values(REQUESTERS)) expect(await names(how)).toEqual([])
  expect(await names({ headers: { Authorization: 'Bearer of-garden' } })).toEqual(['garden'])
  expect(await names({ headers: { Authorization: 'bearer of-all' } })).toEqual(['garden', 'kitchen'])
})

test('who is refused learns nothing of names that are in use', async () => {
  const { port } = await guarded()
  const taken = seen(await ask(port, 'GET /rooms/garden', { as: 'ani-inside' }))
  expect(taken).toEqual(seen(await ask(port, 'GET /rooms/garden', { as: 'nobody' })))
})

test('C125: the rule hears the address of the peer, not what a header says', async () => {
  const heard = new Set<string>()
  const access: Access = ({ address }) => {
    heard.add(address)
    return true
  }
  const { port } = await startHttpHost({ access })
  const headers = { 'X-Forwarded-For': '10.9.9.9', Forwarded: 'for=10.9.9.9', 'X-Real-IP': '10.9.9.9' }
  await ask(port, 'GET /rooms/lobby', { headers })
  await ask(port, 'GET /rooms/lobby', { headers, from: '127.0.0.2' })
  expect([...heard]).toEqual(['127.0.0.1', '127.0.0.2'])
})

test('C119: who guesses what a rule asks for is not listened to after a few tries, and told when to come again', async () => {
  const clock = new ManualClock()
  const { port } = await startHttpHost({
    access: ({ credential }) => credential === 'right',
    overrides: { clock },
    http: { guessFloorMs: 0, guessesPerMinuteAndAddress: 5, guessWaitMs: 0 },
  })
  const shown = async (credential: string) =>
    seen(await ask(port, 'GET /rooms/garden', { headers: { Authorization: `Bearer ${credential}` } }))
  const refused = await shown('guess-0')
  expect(refused.status).toBe(404)
  for (let guess = 1; guess < 5; guess++) {
    expect((await shown('right')).status).toBe(200)
    expect(await shown(`guess-${guess}`)).toEqual(refused)
  }
  // The sixth guess would be right.
  expect(await shown('right')).toMatchObject({ status: 429, text: expect.stringContaining('TRY_LATER') })
  clock.advance(12_000)
  expect((await shown('right')).status).toBe(200)
})
