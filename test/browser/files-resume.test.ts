import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { browserTest as test } from '../harness/browser.ts'
import { temporaryDirectory } from '../harness/directory.ts'
import { filesOf } from '../harness/files.ts'
import { HostProcess } from '../harness/host-process.ts'
import { startHttpHost } from '../harness/http-client.ts'
import { until } from '../harness/patience.ts'
import { Sample } from '../harness/sample.ts'
import { chooseFiles, comeIn, dropFiles } from './page-visitor.ts'

const MB = 1_000_000

async function sampleFile(size: number, name: string): Promise<{ sample: Sample; path: string }> {
  const sample = new Sample(size)
  const path = join(await temporaryDirectory(), name)
  await sample.save(path)
  return { sample, path }
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of createReadStream(path)) hash.update(piece)
  return hash.digest('hex')
}

/** Where the page's uploads go on, as they tell the host. */
function offsetsOf(page: Page): number[] {
  const offsets: number[] = []
  page.on('request', (request) => {
    if (request.method() === 'PATCH') offsets.push(Number(request.headers()['upload-offset']))
  })
  return offsets
}

// Slow until it has been seen on its way, whatever the machine's speed; then as fast as it goes.
const limits = { transferBytesPerSecond: 3 * MB }

test('P1: 100 MB dropped in one browser are streamed to another while they arrive, exactly', async ({ open }) => {
  const { port, tamtam } = await startHttpHost({ page: true, stores: 'kept', limits })
  const [ani, budi] = [await comeIn(open, port, 'ani'), await comeIn(open, port, 'budi')]
  const { sample, path } = await sampleFile(100 * MB, 'film.bin')
  await dropFiles(ani, [path], async () => {
    await expect.poll(() => ani.locator('.drop-overlay').textContent()).toContain('lobby')
  })
  const saving = budi.waitForEvent('download')
  await budi.locator('.file').getByRole('link', { name: 'Download: film.bin' }).click()
  const download = await saving
  // Between two requests of the page it is paused.
  await until('it to be on its way', async () => (await filesOf(port))[0]?.status === 'arriving')
  await ani.locator('.transfer-bar').getByText('MB/s').waitFor()
  tamtam.bandwidth.set({ transfer: 0 })
  const saved = await download.path()
  expect(await sha256Of(saved)).toBe(sample.sha256())
  expect(await filesOf(port)).toMatchObject([{ status: 'whole', size: 100 * MB, sha256: sample.sha256() }])
})

test('P6, C111: a page that was loaded again goes on with the file when it is picked again', async ({ open }) => {
  const { port, tamtam } = await startHttpHost({ page: true, stores: 'kept', limits })
  const ani = await comeIn(open, port, 'ani')
  const warnings: string[] = []
  ani.on('dialog', (dialog) => {
    warnings.push(dialog.type())
    void dialog.accept()
  })
  const { sample, path } = await sampleFile(40 * MB, 'film.bin')
  await chooseFiles(ani, [path])
  await until('a part of it to be safe', async () => ((await filesOf(port))[0]?.offset ?? 0) > 4 * MB)
  await ani.reload()
  expect(warnings).toEqual(['beforeunload'])
  await ani.locator('main.room').waitFor()
  await ani.getByText('Choose the file to continue.').waitFor()
  await until('the host to see that it was cut', async () => (await filesOf(port))[0]?.status === 'paused')
  const [{ id, offset = 0 } = { id: '' }] = await filesOf(port)
  const offsets = offsetsOf(ani)
  tamtam.bandwidth.set({ transfer: 0 })
  await chooseFiles(ani, [path])
  await ani.getByText('Sent: film.bin').waitFor({ state: 'attached' })
  expect(offset).toBeGreaterThan(4 * MB)
  expect(offsets[0]).toBe(offset)
  expect(await filesOf(port)).toMatchObject([{ id, status: 'whole', sha256: sample.sha256() }])
})

test('P6: an upload that was paused, and whose host was killed meanwhile, goes on where it was', async ({ open }) => {
  const data = await temporaryDirectory()
  const { host, port } = await HostProcess.start(['--data', data, '--limit-each', '3M'])
  const faults: string[] = []
  const ani = await comeIn(open, port, 'ani', { faults })
  const offsets = offsetsOf(ani)
  const { sample, path } = await sampleFile(40 * MB, 'film.bin')
  await chooseFiles(ani, [path])
  await until('a part of it to be safe', async () => ((await filesOf(port))[0]?.offset ?? 0) > 4 * MB)
  await ani.getByRole('button', { name: 'Pause: film.bin' }).click()
  await ani.locator('.transfer-bar').getByText('Paused').waitFor()
  await until('the host to see it', async () => (await filesOf(port))[0]?.status === 'paused')
  const sent = offsets.length
  await ani.getByRole('button', { name: 'Resume: film.bin' }).click()
  await until('it to go on', () => offsets.length > sent)
  await host.kill()
  await ani.locator('.transfer-bar').getByText('Reconnecting…').waitFor()
  const again = new HostProcess(['host', '--json', '--port', String(port), '--data', data])
  await again.listening()
  await ani.getByText('Sent: film.bin').waitFor({ state: 'attached' })
  expect(offsets.slice(sent).every((offset) => offset > 4 * MB)).toBe(true)
  expect(await filesOf(port)).toMatchObject([{ status: 'whole', sha256: sample.sha256() }])
  // Nothing but what the browser itself says of a host that is not there.
  expect(faults.filter((fault) => !/ERR_|WebSocket connection/.test(fault))).toEqual([])
})
