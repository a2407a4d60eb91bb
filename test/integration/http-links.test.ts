import { expect, test } from 'vitest'
import { ManualClock } from '../../src/adapters/system/manual-clock.ts'
import { linkMs } from '../../src/app/defaults.ts'
import { createTamtam } from '../../src/app/index.ts'
import { temporaryDirectory } from '../helpers/host.ts'
import { ask, sayOverHttp, startHttpHost } from '../helpers/http-client.ts'
import { keyOf, SessionClient } from '../helpers/session-client.ts'

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
