import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { connect, createTamtam, type RoomSession } from '#app/index.ts'
import { pieces, sha256Of, textOf } from '../../harness/bytes.ts'
import { CliProcess } from '../../harness/cli-process.ts'
import { curl } from '../../harness/commands.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { startHost } from '../../harness/host.ts'
import { ask, OpenAnswer, startHttpHost } from '../../harness/http-client.ts'
import { LineClient } from '../../harness/line-client.ts'
import { keyOf, SessionClient } from '../../harness/session-client.ts'

const quick = { firstRetryMs: 5, mostRetryMs: 50 }

async function entered(port: number, name: string): Promise<RoomSession> {
  const session = await connect(`${name}@127.0.0.1:${port}/lobby`, { settings: quick, key: keyOf(name) })
  onTestFinished(() => session.close())
  return session
}

/** Names of the files that somebody is shown, by whatever told of them. */
const filesIn = (events: readonly object[]) =>
  events.flatMap((event) => ('file' in event ? [(event.file as { name: string }).name] : []))

test('a class of five hands in by five ways: each is seen by its sender and the teacher alone', async () => {
  const { port, tamtam: host } = await startHost({ listen: { silentMs: 200 }, line: { apartMs: 5 } })
  const teacher = await host.engine.join({ room: 'lobby', name: 'guru', role: 'owner', person: 'guru' })
  const stranger = {
    line: await LineClient.join(port, 'orang'),
    frames: await SessionClient.join(port, 'frames', 'asing'),
  }
  const feed = await OpenAnswer.of(port, 'GET /rooms/lobby/events', { headers: { Accept: 'application/x-ndjson' } })
  const [ani, budi] = [await LineClient.join(port, 'ani'), await SessionClient.join(port, 'websocket', 'budi')]
  const cici = await entered(port, 'cici')
  await teacher.send({ type: 'startCollection' })
  for (const line of [ani, stranger.line])
    await line.until(/ turned hand-in mode on: only moderators see members’ files/)

  // By netcat, by a browser's session, by another program's, by curl and by tamtam send.
  ani.write('/put 5 ani.txt\nkerja')
  await ani.until(/^\* \[\w+\] ani\.txt is with the moderators: /)
  const put = await ask(port, 'PUT /lobby/budi.txt', { body: 'kerja budi', headers: { 'Tamtam-Key': keyOf('budi') } })
  expect(put.status).toBe(201)
  const third = await cici.upload(pieces('kerja cici'), { name: 'cici.txt' }).done
  const fourth = await curl(
    '-sS',
    '-u',
    'dewi:',
    '--data-binary',
    'kerja dewi',
    '-X',
    'PUT',
    `http://127.0.0.1:${port}/lobby/dewi.txt`,
  )
  const path = join(await temporaryDirectory(), 'eka.txt')
  await writeFile(path, 'kerja eka')
  const fifth = await CliProcess.run(['send', `eka@127.0.0.1:${port}`, path])
  expect(fifth).toMatchObject({ code: 0 })

  const names = ['ani', 'budi', 'cici', 'dewi', 'eka'].map((name) => `${name}.txt`)
  expect(teacher.files.map(({ file }) => file.name)).toEqual(names)
  for (const { status, file } of teacher.files) {
    expect(status).toBe('whole')
    const text = await textOf(teacher.download(file.id))
    expect(sha256Of(text)).toBe('sha256' in file ? file.sha256 : '')
    await teacher.send({ type: 'receiveFile', file: file.id })
  }
  await ani.until('* guru has ani.txt, verified')

  // What each of the others was shown, and could ask for.
  await teacher.send({ type: 'say', text: 'terima kasih' })
  await stranger.line.until('<guru> terima kasih')
  await stranger.frames.until(() => stranger.frames.texts.includes('terima kasih'))
  await budi.until(() => budi.texts.includes('terima kasih'))
  await feed.until(({ events }) => events.some(({ type }) => type === 'said'))
  expect(stranger.line.lines.filter((line) => line.includes('.txt'))).toEqual([])
  expect([...filesIn(stranger.frames.events), ...filesIn(feed.events), ...stranger.line.files]).toEqual([])
  expect(new Set(filesIn(budi.events))).toEqual(new Set(['budi.txt']))
  expect((await cici.listFiles()).map(({ file }) => file.name)).toEqual(['cici.txt'])
  expect(await stranger.line.ask('/files', /^\* \d+ files/)).toMatch(/^\* 0 files/)
  expect((await ask(port, 'GET /rooms/lobby/search?q=cici')).json).toEqual({ events: [] })
  expect((await ask(port, 'GET /rooms/lobby/files')).json).toEqual({ files: [] })
  for (const { file } of teacher.files) {
    expect((await ask(port, `GET /files/${file.id}`)).status).toBe(404)
    expect(await stranger.line.ask(`/get ${file.id}`, /^! /)).toMatch(/^! NO_SUCH_FILE /)
  }
  // A guest is known again by what the answer said: an address that opens the file, to them alone.
  const { id, url } = JSON.parse(fourth.stdout.toString()) as { id: string; url: string }
  expect((await ask(port, `GET ${url}`)).text).toBe('kerja dewi')
  expect((await ask(port, `GET /files/${id}`)).status).toBe(404)
  const { pathname, search } = new URL(fifth.out.toString().trim())
  expect((await ask(port, `GET ${pathname}`)).status).toBe(404)
  expect((await ask(port, `GET ${pathname}${search}`)).text).toBe('kerja eka')
  expect(third).toMatchObject({ name: 'cici.txt', sha256: sha256Of('kerja cici') })
})

test('what a class has handed in is kept over a restart, and shown to an op made later until they are none any more', async () => {
  const data = await temporaryDirectory()
  const life = async () => {
    const host = createTamtam({ data, freeSpaceFloorBytes: 0 })
    await host.start()
    onTestFinished(() => host.stop())
    const { port } = await host.listen({ port: 0, silentMs: 20 })
    const owner = await host.engine.join({ room: 'lobby', name: 'guru', role: 'owner' })
    return { host, port, owner }
  }
  const first = await life()
  await first.owner.send({ type: 'startCollection' })
  const since = first.owner.rules.collectingSince
  const before = await entered(first.port, 'ani')
  await before.upload(pieces('kerja'), { name: 'ani.txt' }).done
  await before.close()
  await first.host.stop()

  const { port, owner } = await life()
  expect(owner.rules.collectingSince).toBe(since)
  const [ani, budi, cici] = [
    await entered(port, 'ani'),
    await entered(port, 'budi'),
    await LineClient.join(port, 'cici'),
  ]
  expect(ani.rules.collectingSince).toBe(since)
  await cici.until(/^\* hand-in mode is on: /)
  const names = async (session: RoomSession) => (await session.listFiles()).map(({ file }) => file.name)
  expect([await names(ani), await names(budi)]).toEqual([['ani.txt'], []])
  expect(await ani.upload(pieces('untuk budi'), { name: 'b.txt', to: 'budi' }).done).toMatchObject({
    code: 'NOT_ALLOWED',
  })

  await owner.send({ type: 'op', name: 'budi' })
  await owner.send({ type: 'op', name: 'cici' })
  const [row] = await budi.listFiles()
  expect(row?.file).toMatchObject({ name: 'ani.txt', audience: { from: { name: 'ani' }, to: 'staff' } })
  expect(await textOf(budi.download(row?.file.id ?? ''))).toBe('kerja')
  expect((await budi.history(50)).map(({ type }) => type)).toContain('fileCompleted')
  await cici.ask('/collect', '* collected 1 file')
  await cici.until(/^\* file \[\w+\] ani\.txt from ani to the moderators: 5 B, sha256 \w{64}$/)
  const dewi = await entered(port, 'dewi')
  await cici.ask('/collect', '* nothing yet from dewi')

  for (const name of ['budi', 'cici']) await owner.send({ type: 'deop', name })
  expect(await names(budi)).toEqual([])
  expect((await budi.history(50)).filter((entry) => 'file' in entry)).toEqual([])
  expect(await cici.ask('/collect', /^! /)).toMatch(/^! NOT_ALLOWED /)
  await owner.send({ type: 'endCollection' })
  await dewi.upload(pieces('untuk semua'), { name: 'semua.txt' }).done
  expect([await names(ani), await names(budi)]).toEqual([['ani.txt', 'semua.txt'], ['semua.txt']])
})

test('a file to one person on the line server comes to them in band, and to nobody else', async () => {
  const { port } = await startHost({ line: { apartMs: 5 } })
  const [ani, budi, cici] = [
    await LineClient.join(port, 'ani'),
    await LineClient.join(port, 'budi'),
    await LineClient.join(port, 'cici'),
  ]
  ani.write('/put @budi 6 surat.txt\nhalo\n\n')
  await ani.until(/^\* \[\w+\] surat\.txt is with budi: 6 B, /)
  await budi.until(({ files }) => files.length === 1)
  expect(budi.files[0]).toMatchObject({ name: 'surat.txt', size: 6, sha256: sha256Of('halo\n\n') })
  ani.write('selesai\n')
  await cici.until('<ani> selesai')
  expect(cici.files).toEqual([])
  expect(cici.lines.filter((line) => line.includes('surat'))).toEqual([])
  expect(await budi.ask('/files', /^\* file /)).toMatch(/^\* file \[\w+\] surat\.txt from ani to budi only: 6 B/)
  expect(await cici.ask('/search surat', /^\* found/)).toBe('* found 0 lines:')
  ani.write('/put @nobody 3 x\nabcterus\n')
  await ani.until(/^! NO_SUCH_MEMBER /)
  await cici.until('<ani> terus')
})

test('whoever is meant has the file also when they come back under the same key, and nobody else under their name', async () => {
  const { port } = await startHttpHost()
  const ani = await entered(port, 'ani')
  const budi = await entered(port, 'budi')
  const file = await ani.upload(pieces('rahasia'), { name: 'r.txt', to: 'budi' }).done
  if ('type' in file) throw new Error(file.message)
  await budi.close()
  const impostor = await connect(`budi@127.0.0.1:${port}/lobby`, { settings: quick })
  onTestFinished(() => impostor.close())
  expect(await impostor.listFiles()).toEqual([])
  await impostor.close()
  const back = await entered(port, 'budi')
  expect(await textOf(back.download(file.id))).toBe('rahasia')
})

test('a member\u2019s stream over HTTP has what is theirs, and a guest\u2019s has not', async () => {
  const { port } = await startHttpHost()
  const [ani] = [await entered(port, 'ani'), await entered(port, 'budi')]
  const headers = { Accept: 'text/event-stream' }
  const guest = await OpenAnswer.of(port, 'GET /rooms/lobby/events?after=0', { headers })
  const member = await OpenAnswer.of(port, 'GET /rooms/lobby/events?after=0', {
    headers: { ...headers, 'Tamtam-Key': keyOf('budi') },
  })
  await ani.send({ type: 'whisper', to: 'budi', text: 'psst' })
  await ani.upload(pieces('rahasia'), { name: 'r.txt', to: 'budi' }).done
  await ani.send({ type: 'say', text: 'semua' })
  for (const stream of [guest, member]) await stream.until(({ lines }) => lines.some((line) => line.includes('semua')))
  const told = ({ lines }: OpenAnswer) =>
    new Set(lines.flatMap((line) => /"type":"(whispered|file\w+)"/.exec(line)?.[1] ?? []))
  expect(told(guest)).toEqual(new Set())
  expect(told(member)).toEqual(new Set(['whispered', 'fileOffered', 'fileCompleted']))
})

test('bytes that a room has for somebody else have to come all the same: a digest alone opens nothing (C115)', async () => {
  const { port } = await startHttpHost()
  const [ani, budi, cici] = [await entered(port, 'ani'), await entered(port, 'budi'), await entered(port, 'cici')]
  const meta = { name: 'r.txt', size: 7, sha256: sha256Of('rahasia') }
  const first = await ani.upload(pieces('rahasia'), { ...meta, to: 'budi' }).done
  let pulled = false
  async function* nothing() {
    pulled = true
    yield Buffer.from('')
  }
  expect(await cici.upload(nothing(), meta).done).toHaveProperty('code')
  expect(pulled).toBe(true)
  // Whoever has them may give them to everybody without sending them again.
  pulled = false
  const shared = await budi.upload(nothing(), meta).done
  expect([pulled, shared]).toMatchObject([false, { sha256: meta.sha256 }])
  expect('id' in shared && 'id' in first && shared.id !== first.id).toBe(true)
  expect((await cici.listFiles()).map(({ file }) => file.audience)).toEqual([undefined])
})

test('tamtam send --to sends to one: the receipt of that one is all there is to wait for', async () => {
  const { port } = await startHttpHost()
  const [budi, cici] = [await entered(port, 'budi'), await entered(port, 'cici')]
  budi.events$.subscribe((event) => {
    if (event.type === 'fileCompleted') void budi.send({ type: 'receiveFile', file: event.file.id })
  })
  const path = join(await temporaryDirectory(), 'surat.txt')
  await writeFile(path, 'untukmu')
  const sent = await CliProcess.run(['send', '--wait', '--to', 'budi', `ani@127.0.0.1:${port}`, path])
  expect(sent).toMatchObject({ code: 0, errors: expect.stringContaining('verified 1/1') })
  expect((await budi.listFiles()).map(({ file }) => file.name)).toEqual(['surat.txt'])
  expect(await cici.listFiles()).toEqual([])
  const refused = await CliProcess.run(['send', '--to', 'dewi', `ani@127.0.0.1:${port}`, path])
  expect(refused).toMatchObject({ code: 4, errors: expect.stringContaining('nobody of that name') })
  expect(await readFile(path, 'utf8')).toBe('untukmu')
})
