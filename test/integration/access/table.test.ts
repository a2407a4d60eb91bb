import { describe, expect, test } from 'vitest'
import { compose } from '#app/compose.ts'
import type { RoomEvent } from '#domain/room/events.ts'
import { personOf } from '#server/connection/key-registry.ts'
import { MemorySecretStore } from '#storage/memory/secret-store.ts'
import { type Asked, ask, startHttpHost } from '../../harness/http-client.ts'
import { keyOf, SessionClient } from '../../harness/session-client.ts'
import { clientSamples } from '../../unit/protocol/samples.ts'

const OWNER = 'f'.repeat(32)
const WHO = ['stranger', 'unauthenticated', 'exMember', 'kicked', 'member', 'op', 'owner'] as const
type Who = (typeof WHO)[number]

const INSIDE: readonly Who[] = ['member', 'op', 'owner']
const STAFF: readonly Who[] = ['op', 'owner']
/** Whoever has the token, in a room or not. */
const TOKEN: readonly Who[] = ['exMember', 'kicked', ...INSIDE]

const json = (body: string): Asked => ({ body, headers: { 'Content-Type': 'application/json' } })
const tus = { 'Tus-Resumable': '1.0.0' }
const offset = { ...tus, 'Content-Type': 'application/offset+octet-stream', 'Upload-Offset': '0' }
const form: Asked = {
  body: '--B\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc\r\n--B--\r\n',
  headers: { 'Content-Type': 'multipart/form-data; boundary=B' },
}
const text: Asked = { body: 'hi', headers: { 'Content-Type': 'text/plain' } }

/** Who may ask for each route, apart from the program's own table, and how it is asked; `WHOLE` and `ARRIVING` stand for files, `MESSAGE` for somebody else's. */
const TABLE: Readonly<Record<string, { readonly may: readonly Who[]; readonly as: string; readonly how?: Asked }>> = {
  'GET /healthz': { may: WHO, as: '/healthz' },
  'GET /readyz': { may: WHO, as: '/readyz' },
  'GET /openapi.json': { may: WHO, as: '/openapi.json' },
  'GET /rooms': { may: WHO, as: '/rooms' },
  'OPTIONS /files/:id': { may: WHO, as: '/files/WHOLE' },
  'OPTIONS /filehost': { may: WHO, as: '/filehost' },
  // For logins of IRC, and for nothing that is shown here.
  'POST /filehost': { may: [], as: '/filehost', how: { body: 'abc' } },
  'OPTIONS /rooms/:room/files': { may: WHO, as: '/rooms/den/files' },
  'GET /metrics': { may: TOKEN, as: '/metrics' },
  'GET /rooms/:room': { may: INSIDE, as: '/rooms/den' },
  'GET /rooms/:room/events': { may: INSIDE, as: '/rooms/den/events' },
  'GET /rooms/:room/search': { may: INSIDE, as: '/rooms/den/search?q=a' },
  'GET /rooms/:room/files': { may: INSIDE, as: '/rooms/den/files' },
  'GET /rooms/:room/hand-ins': { may: STAFF, as: '/rooms/den/hand-ins' },
  'POST /rooms/:room/messages': { may: INSIDE, as: '/rooms/den/messages', how: text },
  'DELETE /rooms/:room/messages/:seq': { may: STAFF, as: '/rooms/den/messages/MESSAGE' },
  'PUT /rooms/:room/password': { may: STAFF, as: '/rooms/den/password', how: json('{"password":"x"}') },
  'DELETE /rooms/:room/password': { may: STAFF, as: '/rooms/den/password' },
  'POST /rooms/:room/invitations': { may: STAFF, as: '/rooms/den/invitations' },
  'GET /rooms/:room/invitations': { may: STAFF, as: '/rooms/den/invitations' },
  'DELETE /rooms/:room/invitations/:id': { may: STAFF, as: '/rooms/den/invitations/00000000' },
  'POST /rooms/:room/drop-links': { may: STAFF, as: '/rooms/den/drop-links' },
  'GET /rooms/:room/drop-links': { may: STAFF, as: '/rooms/den/drop-links' },
  'DELETE /rooms/:room/drop-links/:id': { may: STAFF, as: '/rooms/den/drop-links/00000000' },
  'GET /files/:id': { may: INSIDE, as: '/files/WHOLE' },
  'GET /files/:id/:name': { may: INSIDE, as: '/files/WHOLE/a.txt' },
  'GET /files/:id/:name/*': { may: INSIDE, as: '/files/WHOLE/a.txt/' },
  'GET /rooms/:room/files.zip': { may: INSIDE, as: '/rooms/den/files.zip' },
  'GET /rooms/:room/files.tar': { may: INSIDE, as: '/rooms/den/files.tar' },
  'POST /rooms/:room/links': { may: INSIDE, as: '/rooms/den/links' },
  'GET /files/:id/receipts': { may: INSIDE, as: '/files/WHOLE/receipts' },
  'POST /files/:id/links': { may: INSIDE, as: '/files/WHOLE/links' },
  'POST /files/:id/receipts': { may: INSIDE, as: '/files/WHOLE/receipts', how: json(`{"sha256":"${'0'.repeat(64)}"}`) },
  'POST /': { may: INSIDE, as: '/', how: form },
  'POST /:room': { may: INSIDE, as: '/den', how: form },
  'POST /:room/': { may: INSIDE, as: '/den/', how: form },
  'POST /:room/:name': { may: INSIDE, as: '/den/x', how: form },
  'POST /rooms/:room': { may: INSIDE, as: '/rooms/den', how: form },
  'POST /rooms/:room/files/:name': { may: INSIDE, as: '/rooms/den/files/x', how: { body: 'abc' } },
  'PUT /:room/': { may: INSIDE, as: '/den/', how: { body: 'abc' } },
  'PUT /:room/:name': { may: INSIDE, as: '/den/b.txt', how: { body: 'abc' } },
  'PUT /:room/:name/': { may: INSIDE, as: '/den/folder/', how: { body: 'abc' } },
  'PUT /rooms/:room/files/:name/': { may: INSIDE, as: '/rooms/den/files/folder/', how: { body: 'abc' } },
  'PUT /rooms/:room/files/': { may: INSIDE, as: '/rooms/den/files/', how: { body: 'abc' } },
  'PUT /rooms/:room/files/:name': { may: INSIDE, as: '/rooms/den/files/c.txt', how: { body: 'abc' } },
  'POST /rooms/:room/files': {
    may: INSIDE,
    as: '/rooms/den/files',
    how: { headers: { ...tus, 'Upload-Length': '3' } },
  },
  // Uploads are those of their senders, and outlive their stay; the operators may end them.
  'PATCH /files/:id': { may: ['member'], as: '/files/ARRIVING', how: { body: 'abc', headers: offset } },
  'POST /files/:id': {
    may: ['member'],
    as: '/files/ARRIVING',
    how: { body: 'abc', headers: { ...offset, 'X-HTTP-Method-Override': 'PATCH' } },
  },
  'DELETE /files/:id': { may: INSIDE, as: '/files/ARRIVING', how: { headers: tus } },
}

/** A host with a token and somebody of every kind in its room den. */
async function peopled() {
  const secretStore = new MemorySecretStore()
  await secretStore.write('owner', OWNER)
  const host = await startHttpHost({ token: true, overrides: { secretStore }, http: { guessFloorMs: 0, room: 'den' } })
  const token = host.tamtam.token ?? ''
  const enter = async (name: string, key = keyOf(name)) => {
    const client = await SessionClient.connect(host.port, 'frames')
    client.send({ type: 'hello', version: 1, key, name, token })
    await client.enter('den')
    return client
  }
  const owner = await enter('boss', OWNER)
  for (const name of ['member', 'op']) await enter(name)
  for (const name of ['exMember', 'kicked']) {
    const gone = await enter(name)
    if (name === 'exMember') gone.send({ type: 'leave' })
    else await owner.ask({ type: 'kick', name })
    await gone.closed()
  }
  await owner.ask({ type: 'op', name: 'op' })
  const inside = await host.tamtam.engine.join({ room: 'den', name: 'inside' })
  const put = await ask(host.port, 'PUT /den/a.txt', { body: 'abcdef', headers: { Authorization: `Bearer ${token}` } })
  const { id: whole } = put.json as { id: string }
  const arriving = async () => {
    const meta = { name: 'arriving', size: 10 }
    const transfer = await inside.createTransfer(meta, personOf(keyOf('member')))
    return 'id' in transfer ? transfer.id : ''
  }
  const message = async () => {
    const said = await inside.send({ type: 'say', text: 'hi' })
    return 'seq' in said ? String(said.seq) : ''
  }
  const shown = (who: Who): Record<string, string> => {
    if (who === 'stranger') return {}
    if (who === 'unauthenticated') return { Authorization: 'Bearer wrong', 'Tamtam-Key': keyOf('nobody') }
    return { Authorization: `Bearer ${token}`, 'Tamtam-Key': who === 'owner' ? OWNER : keyOf(who) }
  }
  return { ...host, whole, arriving, message, shown }
}

test('C117: every route is for those whom the table names, and for nobody else', async () => {
  const { port, whole, arriving, message, shown } = await peopled()
  for (const [route, { may, as, how = {} }] of Object.entries(TABLE)) {
    const [method] = route.split(' ', 1)
    const letIn: Who[] = []
    for (const who of WHO) {
      const path = as
        .replace('WHOLE', whole)
        .replace('ARRIVING', as.includes('ARRIVING') ? await arriving() : '')
        .replace('MESSAGE', as.includes('MESSAGE') ? await message() : '')
      const headers = { ...how.headers, ...shown(who) }
      const from = `127.0.${1 + Object.keys(TABLE).indexOf(route)}.${1 + WHO.indexOf(who)}`
      const { status } = await ask(port, `${method} ${path}`, { ...how, headers, from })
      if (status !== 403 && status !== 404) letIn.push(who)
      if (who === 'stranger' || who === 'unauthenticated')
        expect([route, who, status]).toEqual([route, who, may.includes(who) ? status : 404])
    }
    expect([route, letIn]).toEqual([route, WHO.filter((who) => may.includes(who))])
  }
})

const COMMANDS = Object.entries(clientSamples).flatMap(([name, message]) =>
  message.type === 'command' ? [[name, message.command] as const] : [],
)

describe.each(['frames', 'websocket'] as const)('C117: over %s', (by) => {
  test.each(['a stranger', 'somebody who has left', 'somebody who was kicked', 'somebody in another room'])(
    '%s can do nothing in a room, and learns nothing of it',
    async (who) => {
      const { port, tamtam } = await startHttpHost()
      const inside = await tamtam.engine.join({ room: 'den', name: 'Budi', role: 'owner' })
      const client = await SessionClient.connect(port, by)
      const other = async () => {
        const again = await SessionClient.connect(port, by)
        return again.send({ type: 'hello', version: 1, key: keyOf('ani'), name: 'ani' })
      }
      client.send({ type: 'hello', version: 1, key: keyOf('ani'), name: 'ani' })
      let asking = client
      if (who !== 'a stranger') await client.enter('den')
      if (who === 'somebody in another room') await client.enter('lobby')
      if (who === 'somebody who has left') client.send({ type: 'leave' })
      if (who === 'somebody who was kicked') await inside.send({ type: 'kick', name: 'ani' })
      if (who.startsWith('somebody who')) {
        await client.closed()
        asking = await other()
      }
      const heard: RoomEvent[] = []
      inside.events$.subscribe((event) => heard.push(event))
      await inside.send({ type: 'say', text: 'a secret' })
      await inside.send({ type: 'setTopic', topic: 'a secret' })
      const before = asking.messages.length
      for (const [, command] of COMMANDS) asking.send({ type: 'command', ref: 1, command })
      await asking.settled()
      // That they went may be told later than it was so.
      expect(heard.map(({ type }) => type).filter((type) => type !== 'left')).toEqual(['said', 'topicSet'])
      expect(JSON.stringify(asking.messages)).not.toContain('a secret')
      if (who === 'somebody in another room') return
      const answers = asking.messages.slice(before).filter(({ type }) => type !== 'pong' && type !== 'welcome')
      expect(answers).toEqual(COMMANDS.map(() => expect.objectContaining({ type: 'rejected', code: 'NOT_A_MEMBER' })))
    },
  )
})

test('every route that there is stands in both tables', async () => {
  const server = compose({}).http
  await server.open()
  await server.close('', 0)
  // Drop links stand for their holders: drop-links.test.ts walks them.
  const others = server.routes.filter(({ method, link }) => method !== 'HEAD' && link !== 'drop')
  const routes = others.map(({ method, path }) => `${method} ${path}`)
  expect(Object.keys(TABLE).sort()).toEqual(routes.sort())
})
