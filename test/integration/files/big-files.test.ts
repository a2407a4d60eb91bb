import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { sizeText } from '#i18n/format.ts'
import { SENTINEL } from '#server/line/sentinel.ts'
import { startHostProcess } from '../../harness/host.ts'
import { LineClient } from '../../harness/line-client.ts'

const BLOCK_BYTES = 1024 * 1024
/** `TRANSFER_MB=…` takes another size. */
const MEGABYTES = Number(process.env['TRANSFER_MB'] ?? 300)
const FILE_BYTES = MEGABYTES * 1e6
/** A first file brings the engine's heap to its working size: what counts is that much more than may be in memory costs no more. */
const WARM_UP_BYTES = 1_000_000
const MOST_GROWTH_BYTES = 64 * 1024 * 1024

/** A file that is not in memory: each block begins with its number. */
function* blocks(size: number): Generator<Buffer> {
  const block = Buffer.alloc(BLOCK_BYTES, 'no two blocks of this are the same. ')
  for (let at = 0; at < size; at += BLOCK_BYTES) {
    const fresh = Buffer.from(block.subarray(0, Math.min(BLOCK_BYTES, size - at)))
    fresh.writeUInt32BE(at / BLOCK_BYTES)
    yield fresh
  }
}

function digest(size: number): string {
  const hash = createHash('sha256')
  for (const block of blocks(size)) hash.update(block)
  return hash.digest('hex')
}

/** As people are told it. */
const SIZE = sizeText(FILE_BYTES)
const EXPECTED = digest(FILE_BYTES)
const WARM_UP = digest(WARM_UP_BYTES)

async function upload(client: LineClient, way: 'SEND' | '/put', size = FILE_BYTES): Promise<void> {
  const [told, sum] = size === FILE_BYTES ? [SIZE, EXPECTED] : ['1 MB', WARM_UP]
  client.write(way === 'SEND' ? 'SEND big\n' : `/put ${size} big\n`)
  await client.stream(blocks(size))
  if (way === 'SEND') client.write(SENTINEL)
  await client.until(new RegExp(`^\\* \\[\\w+\\] big is in the room: ${told}, sha256 ${sum}$`))
}

test.each(['SEND', '/put'] as const)(
  `C31, C82: ${MEGABYTES} MB by %s are kept exact, and cost the host no memory`,
  async (way) => {
    const host = await startHostProcess()
    const ani = await LineClient.join(host.port, 'ani')
    const budi = await LineClient.join(host.port, 'budi')
    await budi.ask('/files links', /^\* files come/)
    await upload(ani, way, WARM_UP_BYTES)
    const { settled } = await host.memory()
    await upload(ani, way)
    const growth = (await host.memory()).peak - settled
    await budi.until(new RegExp(`big from ani: ${SIZE}, sha256 ${EXPECTED} http://`))
    process.stderr.write(`${SIZE} by ${way}: the host grew by ${(growth / 1e6).toFixed(1)} MB\n`)
    expect(growth).toBeLessThan(MOST_GROWTH_BYTES)
  },
)

test(`C61, C82: ${MEGABYTES} MB that one member reads in band and another never reads cost the host no memory`, async () => {
  const host = await startHostProcess({ line: { inlineMaxBytes: 0 } })
  const ani = await LineClient.join(host.port, 'ani')
  const reader = await LineClient.join(host.port, 'budi', { keepBytes: false })
  const stalled = await LineClient.join(host.port, 'chandra', { keepBytes: false })
  stalled.pause()
  await upload(ani, '/put', WARM_UP_BYTES)
  await reader.until((client) => client.files.length === 1)
  const { settled } = await host.memory()
  await upload(ani, '/put')
  await reader.until((client) => client.files.length === 2)
  ani.write('what comes behind it\n')
  await reader.until('<ani> what comes behind it')
  const growth = (await host.memory()).peak - settled
  process.stderr.write(
    `${SIZE} in band, beside one who never reads: the host grew by ${(growth / 1e6).toFixed(1)} MB\n`,
  )
  expect(reader.files[1]).toMatchObject({ name: 'big', size: FILE_BYTES, sha256: EXPECTED })
  expect(stalled.files).toEqual([])
  expect(growth).toBeLessThan(MOST_GROWTH_BYTES)
})
