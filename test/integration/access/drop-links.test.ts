import { writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { compose } from '#app/compose.ts'
import type { DropLink } from '#domain/room/room-access.ts'
import { MemorySecretStore } from '#storage/memory/secret-store.ts'
import { ManualClock } from '#system/clock.ts'
import { CliProcess } from '../../harness/cli-process.ts'
import { curl } from '../../harness/commands.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { type HostOptions, startHost } from '../../harness/host.ts'
import { type Asked, ask } from '../../harness/http-client.ts'
import { LineClient } from '../../harness/line-client.ts'
import { until } from '../../harness/patience.ts'
import { keyOf, SessionClient } from '../../harness/session-client.ts'

const DAY_MS = 86_400_000
const OWNER = 'f'.repeat(32)
const TUS = { 'Tus-Resumable': '1.0.0' }

/** A host with a token, whose room den has a password, is locked, and has a drop link. */
async function closedRoom(options: HostOptions = {}) {
  const host = await startHost({ token: true, http: { guessFloorMs: 0 }, ...options })
  const owner = await host.tamtam.engine.join({ room: 'den', name: 'guru', role: 'owner' })
  const access = host.tamtam.roomAccess(owner)
  await access.setPassword('buka pintu')
  await owner.send({ type: 'lock' })
  await owner.send({ type: 'say', text: 'a secret' })
  await owner.send({ type: 'setTopic', topic: 'a secret' })
  const link = (await access.addDropLink()) as DropLink
  expect(link.path).toMatch(/^\/drop\/[0-9a-f]{40}\/$/)
  const files = () => owner.files.map(({ file, by, status }) => [by.name, file.name, status, file.audience?.to])
  return { ...host, owner, access, link, drop: link.path.slice(0, -1), files }
}

const textOf = async (source: AsyncIterable<Uint8Array>): Promise<string> => {
  const all: Uint8Array[] = []
  for await (const bytes of source) all.push(bytes)
  return Buffer.concat(all).toString()
}

test('curl -T FILE LINK hands in to the operators alone, under a name or none, though the room is locked and has a password', async () => {
  const { port, owner, link, drop, files } = await closedRoom()
  const cwd = await temporaryDirectory()
  await writeFile(join(cwd, 'essay.txt'), 'kerja')
  const at = `http://127.0.0.1:${port}${link.path}`
  const sent = await curl('-sS', '-T', join(cwd, 'essay.txt'), '-u', 'Budi Santoso:', at)
  expect(JSON.parse(sent.stdout.toString())).toMatchObject({ name: 'essay.txt', size: 5, audience: { to: 'staff' } })
  await curl('-sS', '-T', join(cwd, 'essay.txt'), at)
  await curl('-sS', '-T', join(cwd, 'essay.txt'), `${at}?name=Cici`)
  await curl('-sS', '-F', `file=@${join(cwd, 'essay.txt')}`, `http://127.0.0.1:${port}${drop}?name=dewi`)
  expect(files()).toEqual([
    ['Budi_Santoso', 'essay.txt', 'whole', 'staff'],
    ['127.0.0.1', 'essay.txt', 'whole', 'staff'],
    // Only newer versions of curl add its name behind a question mark.
    ['Cici', expect.stringMatching(/^(?:essay\.txt|file-)/), 'whole', 'staff'],
    ['dewi', 'essay.txt', 'whole', 'staff'],
  ])
  for (const { file } of owner.files) expect(await textOf(owner.download(file.id))).toBe('kerja')
  const { people } = await owner.handIns()
  expect(people.map(({ name }) => name)).toEqual(['Budi_Santoso', '127.0.0.1', 'Cici', 'dewi'])
})

test('tus goes on by the link, also from another address where a key is shown; a whole file tells only that it is', async () => {
  const { port, owner, drop } = await closedRoom()
  const key = { 'Tamtam-Key': keyOf('a browser') }
  const metadata = { 'Upload-Metadata': `filename ${Buffer.from('film.bin').toString('base64')}` }
  const created = await ask(port, `POST ${drop}/files?name=ani`, {
    headers: { ...TUS, ...key, ...metadata, 'Upload-Length': '10' },
  })
  expect(created.status).toBe(201)
  const place = created.headers.location ?? ''
  expect(place).toMatch(new RegExp(`^${drop}/files/[0-9a-f]{32}$`))
  const patch = (from: string, offset: number, body: string, headers = key) =>
    ask(port, `PATCH ${place}?name=ani`, {
      ...{ body, from },
      headers: {
        ...TUS,
        ...headers,
        'Content-Type': 'application/offset+octet-stream',
        'Upload-Offset': String(offset),
      },
    })
  expect(await patch('127.0.0.1', 0, '01234')).toMatchObject({ status: 204, headers: { 'upload-offset': '5' } })
  // Neither another browser nor another link's holder goes on with it, or hears of it.
  const foreign = { 'Tamtam-Key': keyOf('another browser') }
  expect(await patch('127.0.0.1', 5, 'xxxxx', foreign)).toMatchObject({ status: 404 })
  expect(await ask(port, `HEAD ${place}`, { headers: foreign })).toMatchObject({ status: 404 })
  expect(await ask(port, `HEAD ${place}`, { headers: { ...TUS, ...key } })).toMatchObject({
    status: 200,
    headers: { 'upload-offset': '5', 'upload-length': '10' },
  })
  expect(await patch('127.0.0.9', 5, '56789')).toMatchObject({ status: 204, headers: { 'upload-offset': '10' } })
  const whole = await ask(port, `HEAD ${place}`, { headers: { ...TUS, ...key } })
  expect(whole).toMatchObject({ status: 200, headers: { etag: '"whole"', 'content-length': '10' } })
  for (const name of ['repr-digest', 'upload-metadata', 'content-disposition'])
    expect(whole.headers[name]).toBe(undefined)
  expect((await ask(port, `GET ${place}`, { headers: key })).status).toBe(405)
  expect((await ask(port, `DELETE ${place}`, { headers: { ...TUS, ...key } })).status).toBe(403)
  expect(await textOf(owner.download(owner.files[0]?.file.id ?? ''))).toBe('0123456789')
  // The same browser is one person, under whatever name.
  await ask(port, `PUT ${drop}/b.txt?name=ani2`, { body: 'b', headers: key })
  expect((await owner.handIns()).people).toMatchObject([{ name: 'ani2', files: [{}, {}] }])
})

test('nobody is impersonated by a link', async () => {
  const { port, owner, tamtam, drop, access, files } = await closedRoom()
  const budi = await tamtam.engine.join({ room: 'den', name: 'budi', invited: true, person: 'p-of-budi' })
  await owner.send({ type: 'op', name: 'budi' })
  await budi.close()
  await tamtam.engine.join({ room: 'other', name: 'ani' })
  const put = async (name: string) => {
    const { status, text } = await ask(port, `PUT ${drop}/x?name=${encodeURIComponent(name)}`, { body: 'x' })
    return status === 201 ? 201 : `${status} ${(JSON.parse(text) as { code: string }).code}`
  }
  // Of an operator who is here, of one who has left, of somebody elsewhere; what looks like them; and what speaks for the host.
  for (const name of ['guru', 'GURU', 'budi', 'Bud1', 'ani'])
    expect([name, await put(name)]).toEqual([name, '409 NAME_TAKEN'])
  for (const name of ['admin', 'tamtam', '10.0.0.1', 'a/b', '\u0430nix'])
    expect([name, await put(name)]).toEqual([name, '400 BAD_NAME'])
  expect(files()).toEqual([])
  expect(await put('cici')).toBe(201)
  // A ban of the address holds.
  await owner.send({ type: 'ban', name: '127.0.0.1' })
  expect(await put('dewi')).toBe('403 BANNED')
  expect(await access.dropLinks()).toHaveLength(1)
})

test('digests tell nothing of what the room has', async () => {
  const { port, owner, drop } = await closedRoom()
  async function* bytes() {
    yield Buffer.from('known')
  }
  const known = await owner.upload(bytes(), { name: 'k.txt' }).done
  const sha256 = 'sha256' in known ? known.sha256 : ''
  const meta = `filename ${Buffer.from('k.txt').toString('base64')},sha256 ${Buffer.from(sha256).toString('base64')}`
  const created = await ask(port, `POST ${drop}/files?name=ani`, {
    headers: { ...TUS, 'Upload-Metadata': meta, 'Upload-Length': '5' },
  })
  expect(created).toMatchObject({ status: 201, headers: { 'upload-offset': '0' } })
})

test('a link that expired or was taken back is none; what is under way by it ends, and a restart keeps the others', async () => {
  const clock = new ManualClock()
  const secretStore = new MemorySecretStore()
  const { port, access, drop, link, stop, files } = await closedRoom({ overrides: { clock, secretStore } })
  const short = (await access.addDropLink(60)) as DropLink
  const put = async (path: string, at = port) => (await ask(at, `PUT ${path}x`, { body: 'x' })).status
  expect([await put(link.path), await put(short.path)]).toEqual([201, 201])
  clock.advance(61_000)
  expect([await put(link.path), await put(short.path)]).toEqual([201, 404])
  expect(await access.dropLinks()).toEqual([link])
  expect(link.expiresAt).toBe(7 * DAY_MS + clock.now() - 61_000)
  // Changed by one sign it is none, and neither is its id alone.
  const changed = link.path.replace(/.(?=\/$)/, (sign) => (sign === '0' ? '1' : '0'))
  for (const path of [changed, `/drop/${link.id}/`, '/drop/x/', `/drop/${'0'.repeat(40)}/`])
    expect(await put(path)).toBe(404)
  expect(await access.addDropLink(0)).toMatchObject({ code: 'BAD_REQUEST' })
  expect(await access.revokeDropLink('nothing')).toMatchObject({ code: 'NO_SUCH_LINK' })

  const next = (await access.addDropLink()) as DropLink
  const open = request({ port, method: 'PUT', path: `${next.path}long.bin`, headers: { 'Content-Length': '1000' } })
  const cut = new Promise((resolve) => open.once('error', resolve))
  open.write('some')
  await until('the offer', () => files().some(([, name]) => name === 'long.bin'))
  expect(await access.revokeDropLink(next.id)).toBe(undefined)
  expect(await cut).toBeInstanceOf(Error)
  expect(await put(next.path)).toBe(404)
  await stop()
  const again = await startHost({ overrides: { clock, secretStore } })
  expect([await put(`${drop}/`, again.port), await put(next.path, again.port)]).toEqual([201, 404])
})

const FORM_TYPE = 'multipart/form-data; boundary=B'
const FORM = '--B\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc\r\n--B--\r\n'

/** What a route wants to hear before it looks at anything else. */
function headersFor(path: string, body: 'json' | 'bytes' | 'stream' | undefined): Record<string, string> {
  if (body === 'json') return { 'Content-Type': 'application/json' }
  if (body === 'bytes') return { 'Content-Type': 'text/plain' }
  if (path === '/rooms/:room/files')
    return { ...TUS, 'Upload-Length': '3', 'Content-Type': 'application/offset+octet-stream' }
  if (!path.endsWith('/files/:id')) return body === 'stream' ? { 'Content-Type': FORM_TYPE } : {}
  return {
    ...{ ...TUS, 'Upload-Offset': '0', 'X-HTTP-Method-Override': 'PATCH' },
    ...(body === undefined ? {} : { 'Content-Type': 'application/offset+octet-stream' }),
  }
}

test('C117: no route but its own takes a drop link, wherever it is shown', async () => {
  const { port, owner, tamtam, link, drop } = await closedRoom()
  const text = drop.slice('/drop/'.length)
  async function* bytes() {
    yield Buffer.from('secret')
  }
  const whole = await owner.upload(bytes(), { name: 'a.txt' }).done
  const id = 'id' in whole ? whole.id : ''
  const other = await tamtam.engine.join({ room: 'other', name: 'else', role: 'owner' })
  await tamtam.roomAccess(other).setPassword('x')
  const shown: readonly Asked[] = [
    {},
    { headers: { Authorization: `Bearer ${text}` } },
    { headers: { Authorization: `Basic ${Buffer.from(`ani:${text}`).toString('base64')}` } },
    { headers: { 'Tamtam-Password': text } },
    { headers: { 'Tamtam-Key': text.slice(0, 32), 'Tamtam-Password': text } },
  ]
  const server = compose({}).http
  await server.open()
  await server.close('', 0)
  const asked: string[] = []
  for (const { method, path, permission, body: taken, link: kind } of server.routes) {
    if (permission === 'open' || method === 'OPTIONS') continue
    const at = path
      .replace(':room', 'den')
      .replace(':id', id)
      .replace(':name', 'a.txt')
      .replace(':link', text)
      .replace(':seq', '1')
    if (kind === 'drop') {
      // Its own, but what is the room's is not there.
      if (path.includes(':id'))
        expect([
          path,
          (await ask(port, `${method} ${at}`, { headers: { ...TUS, ...headersFor(path, taken) } })).status,
        ]).toEqual([path, 404])
      continue
    }
    for (const how of shown)
      for (const query of ['', `?ticket=${text}`, `?name=ani&link=${text}`]) {
        const headers = { ...how.headers, ...headersFor(path, taken) }
        const body = taken === undefined ? {} : { body: headers['Content-Type'] === FORM_TYPE ? FORM : '{}' }
        const { status, text: answer } = await ask(port, `${method} ${at}${query}`, { headers, ...body })
        expect([method, path, query, how, [404, 403].includes(status)]).toEqual([method, path, query, how, true])
        expect(answer).not.toContain('secret')
      }
    asked.push(path)
  }
  expect(asked.length).toBeGreaterThan(25)
  // Nor does it open another room, a session, or a line.
  for (const path of [`/drop/${text}/../other/x`, `/drop/other/x`, `/other/x?link=${text}`])
    expect((await ask(port, `PUT ${path}`, { body: 'x' })).status).toBeGreaterThanOrEqual(400)
  expect(other.files).toEqual([])
  const session = await SessionClient.connect(port, 'frames')
  session.send({ type: 'hello', version: 1, key: keyOf('ani'), name: 'ani', token: text })
  session.send({ type: 'join', room: 'den', password: text })
  await session.until(() => session.of('rejected').length > 0)
  expect(session.of('joined')).toEqual([])
  const line = await LineClient.connect(port)
  line.write(`/token ${text}\n/join den ${text}\n`)
  await line.until(/^! /)
  expect(line.lines.join('\n')).not.toContain('secret')
  // All that it tells is how long it is valid.
  expect((await ask(port, `GET ${drop}/facts`)).json).toEqual({ expiresAt: link.expiresAt })
})

test('tamtam drop-link and /drop-link make, list and take back; over HTTP it is for operators', async () => {
  const secretStore = new MemorySecretStore()
  await secretStore.write('owner', OWNER)
  const { port, tamtam } = await startHost({ overrides: { secretStore } })
  const cwd = await temporaryDirectory()
  await writeFile(join(cwd, 'key'), OWNER, { mode: 0o600 })
  const env = { TAMTAM_KEY_FILE: join(cwd, 'key'), XDG_CONFIG_HOME: cwd }
  const at = `guru@127.0.0.1:${port}/class`
  const run = (...args: string[]) => CliProcess.run(['drop-link', at, ...args], { cwd, env })
  const made = await run('--expires', '2h')
  expect(made).toMatchObject({ code: 0, errors: expect.stringMatching(/^valid until \d{4}-.* UTC\n$/) })
  const url = made.out.toString().trim()
  expect(url).toMatch(new RegExp(`^http://127\\.0\\.0\\.1:${port}/drop/[0-9a-f]{40}/$`))
  expect((await ask(port, `PUT ${new URL(url).pathname}a.txt?name=ani`, { body: 'kerja' })).status).toBe(201)
  const [row] = (await run('--list', '--json')).said
  expect(row).toMatchObject({ v: 1, type: 'dropLink', url, expiresAt: expect.any(Number) })
  expect((await run('--list')).out.toString()).toMatch(/^[0-9a-f]{8} {2}http:\S+ {2}until \d{4}-.* UTC\n$/)
  expect(await run('--off', String(row?.['id']))).toMatchObject({ code: 0 })
  expect(await run('--off', String(row?.['id']))).toMatchObject({
    code: 4,
    errors: expect.stringContaining('NO_SUCH_LINK'),
  })
  expect(await run('--expires', 'soon')).toMatchObject({ code: 2 })

  const owner = await tamtam.engine.join({ room: 'class', name: 'host', role: 'owner' })
  const ani = await LineClient.join(port, 'ani')
  await ani.ask('/join class', /class/)
  await until('ani', () => owner.members.some(({ name }) => name === 'ani'))
  expect(await ani.ask('/drop-link', /^! /)).toMatch(/^! NOT_ALLOWED /)
  await owner.send({ type: 'op', name: 'ani' })
  const told = await ani.ask('/drop-link 90m', /^\* \[/)
  expect(told).toMatch(
    /^\* \[[0-9a-f]{8}\] files dropped at http:\/\/127\.0\.0\.1:\d+\/drop\/[0-9a-f]{40}\/ go to the moderators, until /,
  )
  const [, id = ''] = /\[(\w+)\]/.exec(told) ?? []
  expect(await ani.ask('/drop-link list', /^\* \[/)).toBe(told)
  expect(await ani.ask(`/drop-link off ${id}`, /^\* Drop/)).toBe('* Drop link cancelled.')
  expect(await ani.ask('/drop-link list', /^\* there/)).toBe('* there are no drop links to this room')
})
