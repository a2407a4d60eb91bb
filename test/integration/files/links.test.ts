import { describe, expect, test } from 'vitest'
import { linkMs } from '#app/defaults.ts'
import { createTamtam } from '#app/index.ts'
import { ManualClock } from '#system/clock.ts'
import { come, hosted } from '../../harness/den.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { ask, OpenAnswer, sayOverHttp, startHttpHost } from '../../harness/http-client.ts'
import { LineClient } from '../../harness/line-client.ts'
import { keyOf, SessionClient } from '../../harness/session-client.ts'

const OF_GARDEN = { headers: { Authorization: 'Bearer of-garden' } }

interface Link {
  readonly url: string
  readonly expiresAt: number
}

/** A host whose rooms are for those who show what opens them, and a file in garden. */
async function guarded(opening = new Set(['of-garden', 'of-all'])) {
  const clock = new ManualClock()
  const host = await startHttpHost({
    access: ({ credential }) => credential !== undefined && opening.has(credential),
    overrides: { clock },
    http: { guessFloorMs: 0 },
  })
  const put = await ask(host.port, 'PUT /garden/a.txt', { body: 'abcdef', ...OF_GARDEN })
  const { id } = put.json as { id: string }
  const link = async (how = OF_GARDEN) => (await ask(host.port, `POST /files/${id}/links`, how)).json as Link
  return { ...host, clock, id, link, opening }
}

test('a link opens its file by itself, as a whole and in part, and says until when', async () => {
  const { port, link, id, clock } = await guarded()
  const { url, expiresAt } = await link()
  expect(url.startsWith(`/files/${id}/a.txt?ticket=`)).toBe(true)
  expect(expiresAt).toBe(clock.now() + linkMs)
  expect(url).not.toContain('of-garden')
  expect((await ask(port, `GET ${url}`)).text).toBe('abcdef')
  expect((await ask(port, `GET ${url}`, { headers: { Range: 'bytes=4-' } })).text).toBe('ef')
  expect((await ask(port, `HEAD ${url}`)).headers['content-length']).toBe('6')
})

test('C115: a link opens no other file, nothing else, and nothing at all when it was changed or is over', async () => {
  const { port, link, id, clock } = await guarded()
  const { url } = await link()
  const other = (await ask(port, 'PUT /garden/b.txt', { body: 'other', ...OF_GARDEN })).json as { id: string }
  const ticket = url.split('=')[1] ?? ''
  const absent = await ask(port, `GET /files/${'f'.repeat(32)}`)
  const changed = ticket
    .replace(/.$/, (last) => (last === 'A' ? 'Q' : 'A'))
    .replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))
  for (const line of [
    `GET /files/${other.id}?ticket=${ticket}`,
    `GET /files/${id}?ticket=${changed}`,
    `GET /files/${id}?ticket=${ticket}&ticket=${ticket}`,
    `GET /files/${id}/receipts?ticket=${ticket}`,
    `DELETE /files/${id}?ticket=${ticket}`,
    `POST /files/${id}/links?ticket=${ticket}`,
    `GET /rooms/garden?ticket=${ticket}`,
  ]) {
    const { status, text } = await ask(port, line)
    expect([line, status, text]).toEqual([line, 404, absent.text])
  }
  clock.advance(linkMs)
  expect((await ask(port, `GET ${url}`)).status).toBe(404)
})

test('C124: a link is worth no more than what was shown for it is worth now', async () => {
  const { port, link, opening } = await guarded()
  const { url } = await link()
  opening.delete('of-garden')
  expect((await ask(port, `GET ${url}`)).status).toBe(404)
  opening.add('of-garden')
  expect((await ask(port, `GET ${url}`)).status).toBe(200)
})

test('a link that a member asked for holds when they are gone, and not when they are banned', async () => {
  const { port, tamtam } = await startHttpHost()
  const ani = await SessionClient.join(port, 'frames', 'ani')
  const put = await ask(port, 'PUT /lobby/a.txt', { body: 'abcdef' })
  const { id } = put.json as { id: string }
  const asAni = { headers: { 'Tamtam-Key': keyOf('ani') } }
  const { url } = (await ask(port, `POST /files/${id}/links`, asAni)).json as Link
  expect((await ask(port, `GET ${url}`)).text).toBe('abcdef')
  ani.send({ type: 'leave' })
  await ani.closed()
  expect((await ask(port, `GET ${url}`)).text).toBe('abcdef')
  const owner = await tamtam.engine.join({ room: 'lobby', name: 'boss', role: 'owner' })
  await owner.send({ type: 'ban', name: 'ani' })
  expect((await ask(port, `GET ${url}`)).json).toMatchObject({ code: 'BANNED' })
})

test('a link goes on after a restart of the host', async () => {
  const data = await temporaryDirectory()
  let url = ''
  for (const life of ['first', 'second']) {
    const tamtam = createTamtam({ data, freeSpaceFloorBytes: 0 })
    await tamtam.start()
    const { port } = await tamtam.listen({ port: 0 })
    if (life === 'first') {
      const { id } = (await ask(port, 'PUT /lobby/a.txt', { body: 'abcdef' })).json as { id: string }
      url = ((await ask(port, `POST /files/${id}/links`)).json as Link).url
      await sayOverHttp(port, 'lobby', 'more')
    } else expect((await ask(port, `GET ${url}`)).text).toBe('abcdef')
    await tamtam.stop()
  }
})

describe('a link stands for what was shown for it', () => {
  /** A host whose room den has a file that its owner sent. */
  async function den(options: Parameters<typeof hosted>[0] = {}) {
    const host = await hosted(options)
    const { port, asOwner } = host
    const put = await ask(port, 'PUT /den/a.txt', { body: 'abcdef', ...asOwner() })
    const { id } = put.json as { id: string }
    const revokeAll = async () => {
      const { json } = await ask(port, 'GET /rooms/den/invitations', asOwner())
      for (const invitation of (json as { invitations: { id: string }[] }).invitations)
        await ask(port, `DELETE /rooms/den/invitations/${invitation.id}`, asOwner())
    }
    const link = async (headers: Record<string, string>) => {
      const made = await ask(port, `POST /files/${id}/links`, { headers })
      return { status: made.status, url: (made.json as Link).url }
    }
    const opens = async ({ url }: { url: string }) => (await ask(port, `GET ${url}`)).status
    return { ...host, id, link, opens, revokeAll }
  }

  for (const token of [true, false])
    for (const place of ['token', 'password'] as const)
      test(`C124 an invitation in place of the ${place}, ${token ? 'past the host’s token' : 'on an open host'}, until it is taken back`, async () => {
        const { port, id, invite, link, opens, revokeAll, setPassword } = await den({ token })
        await setPassword('secret')
        const code = await invite()
        const { client, outcome } = await come(port, 'websocket', 'guest', { [place]: code })
        expect(outcome).toBe('joined')
        const key = { 'Tamtam-Key': keyOf('guest') }
        const shown = place === 'token' ? { Authorization: `Bearer ${code}` } : { 'Tamtam-Password': code }
        const wrongBeside = place === 'token' ? { 'Tamtam-Password': 'x' } : { Authorization: 'Bearer x' }
        const links = await Promise.all([link({ ...key, ...shown }), link({ ...key, ...shown, ...wrongBeside })])
        for (const each of links) expect([each.status, await opens(each)]).toEqual([201, 200])
        const stream = await OpenAnswer.of(port, 'GET /rooms/den/events', {
          headers: { ...key, ...shown, Accept: 'application/x-ndjson' },
        })
        // Gone from the page, they may still read what they were given.
        client.leave()
        for (const each of links) expect(await opens(each)).toBe(200)
        const back = await come(port, 'frames', 'guest', { [place]: code })
        const growing = await ask(port, 'POST /rooms/den/files', {
          headers: {
            ...key,
            ...shown,
            'Tus-Resumable': '1.0.0',
            'Upload-Length': '9',
            'Upload-Metadata': 'filename YQ==',
          },
        })
        const download = await OpenAnswer.of(port, `GET ${growing.headers.location}`, { headers: { ...key, ...shown } })
        await revokeAll()
        await Promise.all([back.client.closed(), stream.ended(), download.ended()])
        for (const each of links) expect(await opens(each)).toBe(404)
        for (const line of [
          `GET /files/${id}`,
          `POST /files/${id}/links`,
          `GET /files/${id}/receipts`,
          'GET /rooms/den',
        ])
          expect([line, (await ask(port, line, { headers: { ...key, ...shown } })).status]).toEqual([line, 404])
        expect((await come(port, 'frames', 'guest', { [place]: code })).outcome).toBe('NOT_FOUND')
      })

  test('C124 an invitation that is taken back ends what came by it in a room that is open, too', async () => {
    const { port, invite, link, opens, revokeAll } = await den()
    const code = await invite()
    const { client } = await come(port, 'frames', 'guest', { password: code })
    const made = await link({ 'Tamtam-Key': keyOf('guest'), 'Tamtam-Password': code })
    expect(await opens(made)).toBe(200)
    await revokeAll()
    await client.closed()
    expect(await opens(made)).toBe(404)
    // They may come like anybody.
    expect((await come(port, 'frames', 'guest', {})).outcome).toBe('joined')
  })

  test('C124 the room’s password, until there is another; that of who is inside, for as long as they are', async () => {
    const { port, link, opens, setPassword, asOwner, owner } = await den()
    const open = await link({})
    await setPassword('one')
    expect(await opens(open)).toBe(404)
    const shown = { 'Tamtam-Password': 'one' }
    const { client } = await come(port, 'frames', 'ani', { password: 'one' })
    const key = { 'Tamtam-Key': keyOf('ani') }
    // Who shows a key of nobody inside shows the password too; who is inside need not.
    const [guest, inside] = [await link(shown), await link(key)]
    for (const each of [guest, inside]) expect(await opens(each)).toBe(200)
    await setPassword('two')
    expect(await opens(guest)).toBe(404)
    expect((await link(shown)).status).toBe(404)
    // Who is in stays in.
    expect(await opens(inside)).toBe(200)
    const later = await link(key)
    client.leave()
    await owner.until(() => owner.events.some((event) => event.type === 'left' && event.by.name === 'ani'))
    expect([await opens(inside), await opens(later)]).toEqual([404, 200])
    await ask(port, 'DELETE /rooms/den/password', asOwner())
    for (const each of [guest, inside, later]) expect(await opens(each)).toBe(200)
    // The same word is another password.
    await setPassword('two')
    expect(await opens(later)).toBe(404)
  })

  test('on the line server too: what is printed opens, by a password and by an invitation, until that ends', async () => {
    const { port, asOwner, invite, opens, owner, setPassword, revokeAll } = await den({
      line: { files: 'links', apartMs: 5 },
    })
    await setPassword('secret')
    const code = await invite()
    const printed = async (client: LineClient, name: string) => {
      await ask(port, `PUT /den/${name}`, { body: 'abc', ...asOwner() })
      const line = await client.until(new RegExp(`^\\* file .* ${name} from boss: .*http`))
      return { url: new URL(line.slice(line.indexOf('http'))).href.replace(/^http:\/\/[^/]*/, '') }
    }
    const [guest, known] = [await LineClient.join(port, 'guest'), await LineClient.join(port, 'known')]
    await guest.ask(`/join den ${code}`, /^\* you are guest in den/)
    await known.ask('/join den secret', /^\* you are known in den/)
    const [byInvitation, byPassword] = await Promise.all([printed(guest, 'b.txt'), printed(known, 'b.txt')])
    for (const each of [byInvitation, byPassword]) expect(await opens(each)).toBe(200)
    await setPassword('another')
    expect(await opens(byPassword)).toBe(404)
    // Who is in stays in, and is told links that open.
    const after = await printed(known, 'c.txt')
    for (const each of [byInvitation, after]) expect(await opens(each)).toBe(200)
    await revokeAll()
    await guest.closed()
    expect([await opens(byInvitation), await opens(after)]).toEqual([404, 200])
    await owner.settled()
  })

  test('what a guest has sent to the operators opens to them under the password that they showed', async () => {
    const { port, owner, opens, setPassword } = await den()
    await setPassword('one')
    await owner.ask({ type: 'startCollection' })
    const put = await ask(port, 'PUT /den/essay.txt', { body: 'abc', headers: { 'Tamtam-Password': 'one' } })
    const sent = put.json as { url: string }
    expect(await opens(sent)).toBe(200)
    await setPassword('two')
    expect(await opens(sent)).toBe(404)
  })
})
