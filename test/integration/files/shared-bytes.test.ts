import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { sampleBytes } from '../../harness/bytes.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { startHost } from '../../harness/host.ts'
import { ask } from '../../harness/http-client.ts'
import { until } from '../../harness/patience.ts'

const bytes = sampleBytes(300_000)

/** How many inodes the whole files of a data directory have. */
async function inodes(data: string): Promise<number> {
  const names = (await readdir(join(data, 'files'))).filter((name) => /^[0-9a-f]{32}$/.test(name))
  return new Set(await Promise.all(names.map(async (name) => (await stat(join(data, 'files', name))).ino))).size
}

test('the same bytes are kept once, whatever they are called and wherever they are, also over a restart', async () => {
  const data = await temporaryDirectory()
  const put = async (port: number, path: string, body = bytes) => {
    const { status, json } = await ask(port, `PUT ${path}`, { body })
    expect(status).toBe(201)
    return json as { id: string; url: string }
  }
  const { port, tamtam } = await startHost({ data })
  const a = await put(port, '/lobby/a.bin')
  const b = await put(port, '/kitchen/b.bin')
  await until('one inode', async () => (await inodes(data)) === 1)
  await put(port, '/lobby/other.bin', Buffer.from('other'))
  expect(await inodes(data)).toBe(2)
  await tamtam.stop()
  const again = await startHost({ data })
  const c = await put(again.port, '/hall/c.bin')
  await until('two inodes', async () => (await inodes(data)) === 2)
  expect((await ask(again.port, `DELETE /files/${a.id}`)).status).toBe(204)
  for (const { url } of [b, c]) expect((await ask(again.port, `GET ${url}`)).bytes.equals(bytes)).toBe(true)
  for (const { id } of [b, c]) expect((await ask(again.port, `DELETE /files/${id}`)).status).toBe(204)
  expect(await inodes(data)).toBe(1)
})
