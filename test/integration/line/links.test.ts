import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { SENTINEL } from '#server/line/sentinel.ts'
import { sha256Of } from '../../harness/bytes.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { startHost } from '../../harness/host.ts'
import { ask } from '../../harness/http-client.ts'
import { LineClient } from '../../harness/line-client.ts'
import { file, plant } from '../../harness/trees.ts'

/** A client of HTTP may take its time for the first byte. */
const LISTEN = { silentMs: 1000 }

async function put(from: LineClient, name: string, body: Buffer): Promise<void> {
  const before = from.lines.length
  from.write(`/put ${body.length} ${name}\n`).write(body)
  await from.until(/is in the room/, before)
}

/** What a line's link leads to. */
async function follow(line: string): Promise<Buffer> {
  const [, link = ''] = /(http:\/\/\S+)$/.exec(line) ?? []
  const answer = await fetch(link)
  expect(answer.status).toBe(200)
  return Buffer.from(await answer.arrayBuffer())
}

test('P1 the link that a line ends in leads to the exact bytes, whatever the name', async () => {
  const { port } = await startHost({ listen: LISTEN })
  const [ani, budi] = [await LineClient.join(port, 'ani'), await LineClient.join(port, 'budi')]
  await budi.ask('/files links', /^\* files come as a line/)
  for (const name of ['talk.pdf', 'SEND "me" 100%?#&.txt', 'lagu é 歌.mp3']) {
    const body = randomBytes(50_000)
    const before = budi.lines.length
    await put(ani, name, body)
    const line = await budi.until(/^\* file \[/, before)
    expect(line).toContain(` http://127.0.0.1:${port}/files/`)
    expect(sha256Of(await follow(line))).toBe(sha256Of(body))
  }
  expect(budi.files).toEqual([])
})

test('C25 who gets files in band gets a link to what the mark can not carry, or what is too large, and the rest as bytes', async () => {
  const { port } = await startHost({ listen: LISTEN, line: { inlineMaxBytes: 1000, apartMs: 5 } })
  const [ani, budi] = [await LineClient.join(port, 'ani'), await LineClient.join(port, 'budi')]
  const marked = Buffer.concat([Buffer.from('a'), SENTINEL, Buffer.from('SEND b')])
  await put(ani, 'SENDER', marked)
  expect(await follow(await budi.until(/^\* file \[/))).toEqual(marked)
  const large = randomBytes(1001)
  let before = budi.lines.length
  await put(ani, 'large', large)
  expect(await follow(await budi.until(/^\* file \[/, before))).toEqual(large)
  const small = randomBytes(1000)
  await put(ani, 'small', small)
  await budi.until((client) => client.files.length === 1)
  expect(budi.files).toMatchObject([{ name: 'small', sha256: sha256Of(small) }])
  before = budi.lines.length
  budi.write('/files\n')
  const listed = await budi.until(/large from ani: .* http:/, before)
  expect(await follow(listed)).toEqual(large)
  budi.write(`/get ${listed.slice(8, 16)}\n`)
  await budi.until((client) => client.files.length === 2)
  expect(budi.files[1]).toMatchObject({ name: 'large', sha256: sha256Of(large) })
})

test('a link is good for whom it is told: at the address they came by', async () => {
  const { port } = await startHost({ listen: { ...LISTEN, host: '127.0.0.2' } })
  const ani = await LineClient.join(port, 'ani', { to: '127.0.0.2' })
  const body = randomBytes(10)
  await put(ani, 'a', body)
  const before = ani.lines.length
  ani.write('/history\n')
  const line = await ani.until(/^\* file \[/, before)
  expect(line).toContain(` http://127.0.0.2:${port}/files/`)
  expect(await follow(line)).toEqual(body)
})

async function folderTar(): Promise<Buffer> {
  const tree = join(await temporaryDirectory(), 'photos')
  await plant(tree, { 'a.txt': file('satu'), 'sub/b.txt': file('dua') })
  return execFileSync('tar', ['-C', tree, '-cf', '-', '.'])
}

test('a folder is one line with the link of its zip, for those who get files in band too, and so is the answer to /get', async () => {
  const { port } = await startHost({ listen: LISTEN, line: { apartMs: 5 } })
  const [inBand, byLink] = [await LineClient.join(port, 'ani'), await LineClient.join(port, 'budi')]
  await byLink.ask('/files links', /^\* files come as a line/)
  await ask(port, 'PUT /lobby/photos/', { body: await folderTar() })
  for (const client of [inBand, byLink]) {
    const line = await client.until(/^\* file \[\w+\] photos\//)
    expect(line).toMatch(/photos\/ from \S+: 2 files, 7 B, sha256 \w{64} http:\S+\/photos\.zip$/)
    expect((await follow(line)).subarray(0, 2).toString()).toBe('PK')
    const before = client.lines.length
    client.write('/get photos\n')
    expect(await client.until(/^\* file \[/, before)).toBe(line)
    client.write('/files\n')
    await client.until((each) => each.lines.lastIndexOf(line) > before + 1)
  }
  // A file behind it still comes in band, and it alone.
  await ask(port, 'PUT /lobby/after.txt', { body: 'behind it' })
  await inBand.until(({ files }) => files.length > 0)
  expect(inBand.files).toMatchObject([{ name: 'after.txt' }])
})

test('/get of a folder that is for one member answers with a link that opens it, and its line has none', async () => {
  const { port } = await startHost({ listen: LISTEN, line: { apartMs: 5 } })
  const budi = await LineClient.join(port, 'budi')
  await ask(port, 'PUT /lobby/photos/?to=budi', { body: await folderTar(), as: 'ani' })
  const line = await budi.until(/^\* file \[\w+\] photos\//)
  expect(line).not.toContain('http:')
  const before = budi.lines.length
  budi.write('/get photos\n')
  const answer = await budi.until(/^\* file \[/, before)
  expect((await follow(answer)).subarray(0, 2).toString()).toBe('PK')
  const [bare = ''] = /http:\S+(?=\?ticket)/.exec(answer) ?? []
  expect((await fetch(bare)).status).toBe(404)
})
