import { execFileSync } from 'node:child_process'
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { FolderArchive } from '#folder/pack.ts'
import { walk } from '#folder/walk.ts'
import { browserTest as test, violations } from '../harness/browser.ts'
import { sampleBytes, sha256Of } from '../harness/bytes.ts'
import { temporaryDirectory } from '../harness/directory.ts'
import { filesOf, putFile } from '../harness/files.ts'
import { ask, startHttpHost } from '../harness/http-client.ts'
import { aboutFile, aboutPerson, chooseFiles, comeIn, dropFiles } from './page-visitor.ts'

test('a file picked in one browser is saved exactly by another, and the room hears that it was checked', async ({
  open,
}) => {
  const { port } = await startHttpHost({ page: true, stores: 'kept' })
  const [ani, budi] = [await comeIn(open, port, 'ani', { checked: true }), await comeIn(open, port, 'budi')]
  const bytes = sampleBytes(3_000_000)
  const path = join(await temporaryDirectory(), 'talk.pdf')
  await writeFile(path, bytes)
  await chooseFiles(ani, [path])
  await ani.getByText('Sent: talk.pdf').waitFor({ state: 'attached' })
  expect(await filesOf(port)).toMatchObject([{ name: 'talk.pdf', status: 'whole', sha256: sha256Of(bytes) }])
  const saving = budi.waitForEvent('download')
  await budi.locator('.file').getByRole('link', { name: 'Download: talk.pdf' }).click()
  const saved = await (await saving).path()
  expect(sha256Of(await readFile(saved))).toBe(sha256Of(bytes))
  await writeFile(path, bytes.fill(1, 7, 8))
  await aboutFile(budi, 'talk.pdf', 'Who has it')
  await budi.locator('.check input').setInputFiles(path)
  await budi.getByText('This is a different file than talk.pdf').waitFor()
  await budi.locator('.check input').setInputFiles(saved)
  await budi.getByText('Your copy is identical.').waitFor()
  await ani.locator('.file').getByText('1 of 1 has it').waitFor()
  await aboutFile(ani, 'talk.pdf', 'Who has it')
  // Served to him whole, and verified by him.
  await expect.poll(() => ani.getByRole('dialog').getByText('budi').count()).toBe(2)
  expect(await violations(ani)).toEqual([])
})

test('folders, pasted pictures and longer texts become files of the room', async ({ open }) => {
  const { port } = await startHttpHost({ page: true })
  const ani = await comeIn(open, port, 'ani', { checked: true })
  const folder = join(await temporaryDirectory(), 'photos')
  await mkdir(join(folder, '2024'), { recursive: true })
  await writeFile(join(folder, 'a.txt'), 'a')
  await writeFile(join(folder, '2024', 'b.txt'), 'b')
  await ani.locator('.file-buttons input[type=file]').nth(1).setInputFiles(folder)
  const names = async () => (await filesOf(port)).filter(({ status }) => status === 'whole').map(({ name }) => name)
  await expect.poll(names).toEqual(['photos'])
  await ani.locator('.file').getByText('2 files, 2 B').waitFor()
  const [{ url: at } = { url: '' }] = await filesOf(port)
  const archive = new FolderArchive(await walk(folder))
  const pieces: Uint8Array[] = []
  for await (const piece of archive.read()) pieces.push(piece)
  expect((await ask(port, `GET ${at}`)).bytes).toEqual(Buffer.concat(pieces))

  const paste = (type: string, content: string) =>
    ani.evaluate(
      ([type = '', content = '']) => {
        const clipboardData = new DataTransfer()
        if (type === 'text/plain') clipboardData.setData(type, content)
        else clipboardData.items.add(new File([content], 'image.png', { type }))
        document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }))
      },
      [type, content],
    )
  await paste('image/png', 'no picture, but who knows')
  await expect.poll(names).toContain('image.png')
  const long = 'a line of a long text\n'.repeat(1000)
  await paste('text/plain', long)
  const dialog = ani.getByRole('dialog')
  await expect.poll(() => dialog.getByRole('textbox').first().inputValue()).toBe(long)
  expect(await violations(ani)).toEqual([])
  await dialog.getByLabel('Name of the file').fill('story')
  await dialog.getByRole('button', { name: 'Send' }).click()
  await expect.poll(names).toContain('story.txt')
  const [story] = (await filesOf(port)).filter(({ name }) => name === 'story.txt')
  expect((await ask(port, `GET ${story?.url}`)).text).toBe(long)
})

test('a picture is shown once its digest is right, and counts as checked; what is played can be wound', async ({
  open,
}) => {
  const { port } = await startHttpHost({ page: true })
  const ani = await comeIn(open, port, 'ani', { checked: true })
  await putFile(port, 'dot.png', PNG)
  await putFile(port, 'tone.wav', wav(30))
  await ani.locator('.picture img').waitFor()
  await expect.poll(async () => (await filesOf(port))[0]?.verified).toBe(1)
  await ani.getByRole('button', { name: 'Play: tone.wav' }).click()
  const audio = ani.locator('audio')
  await audio.evaluate(async (player: HTMLAudioElement) => {
    player.currentTime = 25
    await new Promise((resolve) => player.addEventListener('seeked', resolve, { once: true }))
  })
  await expect.poll(() => audio.evaluate((player: HTMLAudioElement) => player.currentTime)).toBeGreaterThanOrEqual(25)
  expect(await violations(ani)).toEqual([])
})

test('what is sent while one whispers is for that person alone', async ({ open }) => {
  const { port } = await startHttpHost({ page: true })
  const [ani, budi] = [await comeIn(open, port, 'ani'), await comeIn(open, port, 'budi')]
  const sari = await comeIn(open, port, 'sari')
  await aboutPerson(ani, 'budi', 'Message privately')
  const path = join(await temporaryDirectory(), 'present.txt')
  await writeFile(path, 'for budi')
  await dropFiles(ani, [path], async () => {
    await expect.poll(() => ani.locator('.drop-overlay').textContent()).toContain('to budi only')
  })
  await budi.locator('.file').getByText('present.txt').waitFor()
  await putFile(port, 'for-all.txt', 'all')
  await sari.locator('.file').getByText('for-all.txt').waitFor()
  expect(await sari.getByText('present.txt').count()).toBe(0)
})

test('an upload that is cancelled is withdrawn', async ({ open }) => {
  const { port } = await startHttpHost({ page: true, limits: { transferBytesPerSecond: 300_000 } })
  const ani = await comeIn(open, port, 'ani', { checked: true })
  const path = join(await temporaryDirectory(), 'big.bin')
  await writeFile(path, sampleBytes(20_000_000))
  await dropFiles(ani, [path], async () => {})
  await ani.locator('.file').getByRole('progressbar').waitFor()
  expect(await violations(ani)).toEqual([])
  await ani.getByRole('button', { name: 'Cancel: big.bin' }).click()
  await expect.poll(() => filesOf(port)).toEqual([])
  expect(await ani.locator('.transfer-bar').count()).toBe(0)
})

test('P1: what the host does not take, and what changes while it is sent, is told with the reason, and nothing of it is in the room', async ({
  open,
}) => {
  const limits = { transferBytesPerSecond: 2_000_000, maxFileBytes: 50_000_000 }
  const { port } = await startHttpHost({ page: true, limits })
  const faults: string[] = []
  const ani = await comeIn(open, port, 'ani', { faults })
  const [large, changing] = [join(await temporaryDirectory(), 'large.bin'), join(await temporaryDirectory(), 'log.bin')]
  await writeFile(large, sampleBytes(50_000_001))
  await chooseFiles(ani, [large])
  await ani
    .locator('.transfer-bar')
    .getByText(/^large\.bin was not sent: /)
    .waitFor()
  await writeFile(changing, sampleBytes(20_000_000))
  await chooseFiles(ani, [changing])
  await ani.locator('.transfer-bar').getByText('MB/s').waitFor()
  await appendFile(changing, 'one more line')
  await ani.locator('.transfer-bar').getByText('log.bin was not sent: The file was changed').waitFor()
  expect((await filesOf(port)).filter(({ status }) => status === 'whole')).toEqual([])
  expect(faults).toEqual([expect.stringContaining('the server responded with a status of 413')])
})

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

/** Silence. */
function wav(seconds: number): Buffer {
  const rate = 8000
  const header = Buffer.alloc(44)
  header.write('RIFF')
  header.writeUInt32LE(36 + seconds * rate, 4)
  header.write('WAVEfmt ', 8)
  header.writeUInt32LE(16, 16)
  header.writeUInt16LE(1, 20)
  header.writeUInt16LE(1, 22)
  header.writeUInt32LE(rate, 24)
  header.writeUInt32LE(rate, 28)
  header.writeUInt16LE(1, 32)
  header.writeUInt16LE(8, 34)
  header.write('data', 36)
  header.writeUInt32LE(seconds * rate, 40)
  return Buffer.concat([header, Buffer.alloc(seconds * rate, 128)])
}

test('34 small files leave in at most 45 requests, are one group, and are saved as one archive', async ({ open }) => {
  const { port } = await startHttpHost({ page: true })
  const [ani, budi] = [await comeIn(open, port, 'ani'), await comeIn(open, port, 'budi', { checked: true })]
  await putFile(port, 'before.txt', 'of somebody else')
  const folder = await temporaryDirectory()
  const paths = Array.from({ length: 34 }, (_, at) => join(folder, `part ${at}.dat`))
  for (const [at, path] of paths.entries()) await writeFile(path, sampleBytes(3000 + at))
  const asked: string[] = []
  ani.on('request', (request) => asked.push(`${request.method()} ${new URL(request.url()).pathname}`))
  await chooseFiles(ani, paths)
  await expect.poll(async () => (await filesOf(port)).filter(({ status }) => status === 'whole').length).toBe(35)
  await expect.poll(() => ani.locator('.transfer-bar').count()).toBe(0)
  expect(asked.length, asked.join('\n')).toBeLessThanOrEqual(45)

  const group = budi.locator('.files', { hasText: '34 files' })
  await expect.poll(() => group.locator('.file').count()).toBe(3)
  await group.getByRole('button', { name: 'Show all 34' }).click()
  await expect.poll(() => group.locator('.file').count()).toBe(34)
  expect(await violations(budi)).toEqual([])
  const saving = budi.waitForEvent('download')
  await group.getByRole('button', { name: 'Save all' }).click()
  const saved = await saving
  expect(saved.suggestedFilename()).toMatch(/^lobby\.zip$/)
  const zip = join(folder, 'all.zip')
  await saved.saveAs(zip)
  const names = execFileSync('unzip', ['-Z1', zip]).toString().trim().split('\n')
  expect(names.filter((name) => name.startsWith('part '))).toHaveLength(34)
  expect(names).not.toContain('before.txt')

  // One stop of the Tab key for all of it, and arrows inside.
  await budi.locator('.scroller').focus()
  await budi.keyboard.press('ArrowUp')
  await budi.keyboard.press('ArrowRight')
  await expect.poll(() => budi.evaluate('document.activeElement.textContent')).toBe('ani')
  const stops = 'document.querySelectorAll(".scroller li.row :is(a[href], button):not([tabindex=\'-1\'])").length'
  await expect.poll(() => budi.evaluate<number>(stops)).toBe(1 + 34 * 2 + 1)
  await budi.locator('#message').focus()

  // The list beside it: filter as one types.
  await budi.getByLabel('Find a file').fill('before')
  await expect.poll(() => budi.locator('.files-panel li').count()).toBe(1)
})
