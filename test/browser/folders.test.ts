import { execFileSync } from 'node:child_process'
import { appendFile, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { browserTest as test, violations } from '../harness/browser.ts'
import { temporaryDirectory } from '../harness/directory.ts'
import { type FileRow, filesOf } from '../harness/files.ts'
import { ask, startHttpHost } from '../harness/http-client.ts'
import { until } from '../harness/patience.ts'
import { plant, treeAt } from '../harness/trees.ts'
import { comeIn, dropFromDesktop } from './page-visitor.ts'

const at = { modified: 1_600_000_000, executable: false, type: 'file' } as const

test('a folder is one card: it tells what is in it, and is saved as a zip, or file by file', async ({ open }) => {
  const { port } = await startHttpHost({ page: true, stores: 'kept' })
  const ani = await comeIn(open, port, 'ani', { checked: true })
  const folder = join(await temporaryDirectory(), 'photos')
  await plant(folder, {
    'a.txt': { ...at, content: 'one' },
    'sub/b #1.txt': { ...at, content: 'two!' },
    empty: { type: 'folder' },
  })
  const body = execFileSync('tar', ['c', '-C', folder, '.'])
  expect((await ask(port, 'PUT /lobby/photos/', { body })).status).toBe(201)
  const card = ani.locator('.file')
  await card.getByText('2 files, 7 B').waitFor()
  const saving = ani.waitForEvent('download')
  await card.getByRole('link', { name: 'Download: photos' }).click()
  const saved = await saving
  expect(saved.suggestedFilename()).toBe('photos.zip')
  const zip = join(await temporaryDirectory(), 'photos.zip')
  await writeFile(zip, await readFile(await saved.path()))
  expect(execFileSync('unzip', ['-p', zip]).toString()).toContain('two!')
  await card.getByText('What is in it').click()
  await card.getByText('empty/').waitFor()
  expect(await violations(ani)).toEqual([])
  const one = ani.waitForEvent('download')
  await card.getByRole('link', { name: 'sub/b #1.txt' }).click()
  expect(await readFile(await (await one).path(), 'utf8')).toBe('two!')
})

/** Unpacked, as it is in the room. */
async function sentTree(port: number, row: FileRow | undefined): Promise<Record<string, string>> {
  const into = await temporaryDirectory()
  execFileSync('tar', ['x', '-C', into], { input: (await ask(port, `GET ${row?.url}`)).bytes })
  const { SHA256SUMS: _, ...tree } = await treeAt(into)
  return tree
}

test('folders that are dragged in from the desktop arrive with all that is in them, beside files', async ({ open }) => {
  const { port } = await startHttpHost({ page: true })
  const ani = await comeIn(open, port, 'ani', { checked: true })
  const desktop = await temporaryDirectory()
  const many = Object.fromEntries(
    Array.from({ length: 300 }, (_, index) => [`many/${index}.txt`, { ...at, content: `${index}` }]),
  )
  await plant(join(desktop, 'photos'), {
    ...many,
    'é 家/b.bin': { ...at, content: new Uint8Array(700_000).fill(3) },
    empty: { type: 'folder' },
    'aux.txt': { ...at, content: 'no name on Windows' },
  })
  await plant(join(desktop, 'music'), { song: { ...at, content: 'la' } })
  await writeFile(join(desktop, 'single.txt'), 'one')
  await dropFromDesktop(
    ani,
    ['photos', 'single.txt', 'music'].map((name) => join(desktop, name)),
  )
  await ani.getByText('aux.txt: Windows takes').first().waitFor()
  const files = async () => await filesOf(port)
  await expect
    .poll(async () => (await files()).filter(({ status }) => status === 'whole').map(({ name }) => name))
    .toHaveLength(3)
  const named = new Map((await files()).map((row) => [row.name, row]))
  expect([...named.keys()].sort()).toEqual(['music', 'photos', 'single.txt'])
  expect(named.get('photos')).toMatchObject({ folder: { files: 301, bytes: 790 + 700_000 } })
  const { 'aux.txt': __, ...tree } = await treeAt(join(desktop, 'photos'))
  expect(await sentTree(port, named.get('photos'))).toEqual(tree)
  // The row says what was sent, and not how.
  await ani.locator('.file').getByText('photos/').waitFor()
  await ani
    .locator('.file')
    .getByText(/700\.8 kB/)
    .waitFor()
  expect(await violations(ani)).toEqual([])
})

test('a folder goes on where it was after the page was loaded again, once it is picked again', async ({ open }) => {
  const { port, tamtam } = await startHttpHost({
    page: true,
    stores: 'kept',
    limits: { transferBytesPerSecond: 6_000_000 },
  })
  const ani = await comeIn(open, port, 'ani')
  ani.on('dialog', (dialog) => void dialog.accept())
  const folder = join(await temporaryDirectory(), 'photos')
  const content = (index: number) => new Uint8Array(200_000).fill(index)
  await plant(
    folder,
    Object.fromEntries(
      Array.from({ length: 150 }, (_, index) => [`${index % 7}/${index}`, { ...at, content: content(index) }]),
    ),
  )
  const pick = () => ani.locator('.file-buttons input[type=file]').nth(1).setInputFiles(folder)
  await pick()
  await until('a part of it to be safe', async () => ((await filesOf(port))[0]?.offset ?? 0) > 4_000_000)
  await ani.reload()
  await ani.locator('main.room').waitFor()
  await until('the host to see that it was cut', async () => (await filesOf(port))[0]?.status === 'paused')
  const [{ id, offset = 0 } = { id: '' }] = await filesOf(port)
  const offsets: number[] = []
  ani.on('request', (request) => {
    const from = request.headers()['upload-offset']
    if (request.method() === 'PATCH' && from !== undefined) offsets.push(Number(from))
  })
  tamtam.bandwidth.set({ transfer: 0 })
  await pick()
  await ani.getByText('Sent: photos/').waitFor({ state: 'attached' })
  expect(offset).toBeGreaterThan(4_000_000)
  expect(offsets[0]).toBe(offset)
  const [row] = await filesOf(port)
  expect(row).toMatchObject({ id, status: 'whole', folder: { files: 150, bytes: 150 * 200_000 } })
  expect(await sentTree(port, row)).toEqual(await treeAt(folder))
})

test('of a folder in which something changes while it is sent, the rest arrives, and what is left out is named', async ({
  open,
}) => {
  const { port, tamtam } = await startHttpHost({ page: true, limits: { transferBytesPerSecond: 4_000_000 } })
  const faults: string[] = []
  const ani = await comeIn(open, port, 'ani', { faults })
  const folder = join(await temporaryDirectory(), 'photos')
  await plant(
    folder,
    Object.fromEntries(
      Array.from({ length: 100 }, (_, index) => [
        `${index}`.padStart(3, '0'),
        { ...at, content: new Uint8Array(200_000).fill(index) },
      ]),
    ),
  )
  await ani.locator('.file-buttons input[type=file]').nth(1).setInputFiles(folder)
  await until('a part of it to be there', async () => ((await filesOf(port))[0]?.offset ?? 0) > 2_000_000)
  await appendFile(join(folder, '090'), 'more')
  await rm(join(folder, '095'))
  tamtam.bandwidth.set({ transfer: 0 })
  await ani.getByText('Sent: photos/').waitFor({ state: 'attached' })
  await ani.getByText('090; 095').first().waitFor()
  const rows = await filesOf(port)
  expect(rows).toMatchObject([{ status: 'whole', folder: { files: 98, bytes: 98 * 200_000 } }])
  const { '090': _, ...rest } = await treeAt(folder)
  expect(await sentTree(port, rows[0])).toEqual(rest)
})

test('a folder that is dragged in goes with its files as they are when it is their turn', async ({ open }) => {
  const { port, tamtam } = await startHttpHost({ page: true, limits: { transferBytesPerSecond: 4_000_000 } })
  const faults: string[] = []
  const ani = await comeIn(open, port, 'ani', { faults })
  const folder = join(await temporaryDirectory(), 'photos')
  await plant(
    folder,
    Object.fromEntries(
      Array.from({ length: 100 }, (_, index) => [
        `${index}`.padStart(3, '0'),
        { ...at, content: new Uint8Array(200_000).fill(index) },
      ]),
    ),
  )
  await dropFromDesktop(ani, [folder])
  await until('a part of it to be there', async () => ((await filesOf(port))[0]?.offset ?? 0) > 2_000_000)
  await appendFile(join(folder, '090'), 'more')
  await writeFile(join(folder, '101'), 'new')
  tamtam.bandwidth.set({ transfer: 0 })
  await ani.getByText('Sent: photos/').waitFor({ state: 'attached' })
  const rows = await filesOf(port)
  expect(rows).toMatchObject([{ status: 'whole', folder: { files: 101, bytes: 100 * 200_000 + 7 } }])
  expect(await sentTree(port, rows[0])).toEqual(await treeAt(folder))
})
