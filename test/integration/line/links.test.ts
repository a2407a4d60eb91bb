import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { SENTINEL } from '#server/line/sentinel.ts'
import { sha256Of } from '../../harness/bytes.ts'
import { startHost } from '../../harness/host.ts'
import { LineClient } from '../../harness/line-client.ts'

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
