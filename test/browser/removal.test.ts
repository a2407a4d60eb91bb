import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { browserTest as test, violations } from '../harness/browser.ts'
import { temporaryDirectory } from '../harness/directory.ts'
import { filesOf } from '../harness/files.ts'
import { ask, startHttpHost } from '../harness/http-client.ts'
import { aboutFile, chooseFiles, comeIn, fromHeader, sees, textsIn, write } from './page-visitor.ts'

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==',
  'base64',
)

test('a message is removed by who wrote it, and is gone from every page, search, draft and announcement', async ({
  open,
}) => {
  const { port } = await startHttpHost({ page: true, stores: 'kept' })
  const [ani, budi] = [await comeIn(open, port, 'ani', { checked: true }), await comeIn(open, port, 'budi')]
  await write(ani, 'the code of the door is 4711')
  await write(ani, 'see you there')
  await sees(budi, 'see you there')
  await budi.getByRole('log').getByText('4711').waitFor({ state: 'attached' })
  await budi.locator('.row', { hasText: '4711' }).hover()
  expect(await budi.getByRole('button', { name: 'Remove', exact: true }).count()).toBe(0)
  await budi.getByRole('button', { name: 'Reply to ani' }).click()
  await expect.poll(() => budi.locator('#message').inputValue()).toContain('4711')
  await budi.getByRole('button', { name: 'Search' }).click()
  await budi.getByLabel('Words or file names').fill('door')
  await budi.keyboard.press('Enter')
  await budi.getByText('1 found').waitFor()

  await ani.locator('.row', { hasText: '4711' }).hover()
  await ani.getByRole('button', { name: 'Remove', exact: true }).click()
  const dialog = ani.getByRole('dialog')
  await dialog.getByText('Remove this message for everyone?').waitFor()
  expect(await violations(ani)).toEqual([])
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  expect(await textsIn(ani)).toEqual(['the code of the door is 4711', 'see you there'])
  await ani.locator('.row', { hasText: '4711' }).hover()
  await ani.getByRole('button', { name: 'Remove', exact: true }).click()
  await dialog.getByRole('button', { name: 'Remove', exact: true }).click()
  for (const page of [ani, budi]) {
    await sees(page, 'a message was removed by ani')
    expect(await textsIn(page)).toEqual(['see you there'])
    expect(await page.evaluate('document.documentElement.outerHTML')).not.toContain('4711')
  }
  await budi.getByText('Nothing found').waitFor()
  await expect.poll(() => budi.locator('#message').inputValue()).toBe('')
  expect(await budi.evaluate('JSON.stringify([{ ...sessionStorage }, { ...localStorage }])')).not.toContain('4711')
  // It stays so for those who come later, at its place.
  await budi.reload()
  await sees(budi, 'a message was removed by ani')
  const rows = await budi.locator('.timeline li:is(.told, .row)').allInnerTexts()
  expect(rows.findIndex((text) => text.includes('a message was removed by ani'))).toBeLessThan(
    rows.findIndex((text) => text.includes('see you there')),
  )
  expect(await budi.evaluate('document.documentElement.outerHTML')).not.toContain('4711')
})

test('an operator removes a file: its picture goes from the pages that show it, and who is sending one stops', async ({
  open,
}) => {
  const { port, tamtam } = await startHttpHost({ page: true, limits: { transferBytesPerSecond: 500_000 } })
  const host = await tamtam.engine.join({ room: 'lobby', name: 'host', role: 'owner' })
  // Browsers tell of pictures that are gone, and of requests that are refused.
  const faults: string[] = []
  const [ani, budi] = [await comeIn(open, port, 'ani', { checked: true, faults }), await comeIn(open, port, 'budi')]
  await host.send({ type: 'op', name: 'budi' })
  const folder = await temporaryDirectory()
  const [dot, big] = [join(folder, 'dot.png'), join(folder, 'big.bin')]
  await writeFile(dot, PNG)
  await writeFile(big, Buffer.alloc(20_000_000, 1))
  await chooseFiles(ani, [dot])
  const url = (await ani.locator('.picture img').getAttribute('src')) ?? ''
  expect(url).toMatch(/^blob:/)
  await aboutFile(budi, 'dot.png', 'Remove')
  await budi.getByRole('dialog').getByText('Remove dot.png for everyone?').waitFor()
  await budi.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click()
  await ani.locator('.file').getByText('budi removed dot.png').waitFor()
  expect(await ani.locator('.picture').count()).toBe(0)
  const loaded = ani.evaluate<string>(
    `new Promise((tell) => Object.assign(new Image(), { src: '${url}', onload: () => tell('there'), onerror: () => tell('gone') }))`,
  )
  expect(await loaded).toBe('gone')

  await chooseFiles(ani, [big])
  await budi.locator('.file').getByText('big.bin').waitFor()
  await aboutFile(budi, 'big.bin', 'Remove')
  await budi.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click()
  await ani.locator('.file').getByText('budi removed big.bin').waitFor()
  await expect.poll(() => filesOf(port)).toEqual([])
  await expect.poll(() => ani.locator('.transfer-bar').count()).toBe(0)
  expect(await violations(ani)).toEqual([])
  expect(faults.filter((fault) => !fault.includes('Failed to load resource'))).toEqual([])
})

test('the owner removes everything: the room is empty on every page, and for those who come later', async ({
  open,
}) => {
  const { port, tamtam } = await startHttpHost({ page: true, stores: 'kept' })
  const host = await tamtam.engine.join({ room: 'lobby', name: 'host', role: 'owner' })
  const ani = await comeIn(open, port, 'ani')
  for (const text of ['one', 'two', 'three']) await write(ani, text)
  await ani.locator('.row:not(.pending)').getByText('three').waitFor()
  await host.send({ type: 'clear' })
  await sees(ani, 'host removed all messages and files')
  expect(await textsIn(ani)).toEqual([])
  await write(ani, 'four')
  await sees(ani, 'four')
  await ani.reload()
  await sees(ani, 'four')
  expect(await textsIn(ani)).toEqual(['four'])
  expect(await ani.getByText('a message was removed').count()).toBe(0)
})

test('files go after the time that was chosen for them, and say when', async ({ open }) => {
  const { port, tamtam } = await startHttpHost({ page: true })
  const ani = await comeIn(open, port, 'ani', { checked: true })
  const path = join(await temporaryDirectory(), 'note.txt')
  await writeFile(path, 'for an hour')
  await fromHeader(ani, 'How long files stay', 'Add files or text')
  const dialog = ani.getByRole('dialog')
  await expect.poll(() => dialog.getByRole('radio', { name: 'stay', exact: true }).isChecked()).toBe(true)
  await dialog.getByRole('radio', { name: 'go after 1 hour' }).check()
  expect(await violations(ani)).toEqual([])
  await ani.keyboard.press('Escape')
  await ani.getByRole('button', { name: 'files go after 1 hour' }).waitFor()
  await chooseFiles(ani, [path])
  const left = ani.locator('.file').getByText('gone in 60 min')
  await left.waitFor()
  const { files } = (await ask(port, 'GET /rooms/lobby/files')).json as {
    readonly files: readonly { expiresAt: number }[]
  }
  const [{ expiresAt } = { expiresAt: 0 }] = files
  expect(expiresAt).toBeGreaterThan(Date.now())
  expect(expiresAt).toBeLessThanOrEqual(Date.now() + 3_600_000)
  expect(Date.parse((await left.getAttribute('datetime')) ?? '')).toBe(expiresAt)
  expect(await left.getAttribute('title')).toMatch(/\d/)
  // The room's rule holds for a file that has no time of its own.
  const host = await tamtam.engine.join({ room: 'lobby', name: 'host', role: 'owner' })
  await host.send({ type: 'setExpiry', seconds: 7200 })
  await ask(port, 'PUT /lobby/other.txt', { body: 'for as long as the room says' })
  await ani.locator('.file').getByText('gone in 2 hr').waitFor()
  await left.waitFor()
  // For this tab only.
  await ani.reload()
  await ani.getByRole('button', { name: 'files go after 1 hour' }).waitFor()
  const later = await comeIn(open, port, 'budi')
  await later.getByRole('button', { name: 'To everyone in lobby' }).waitFor()
  expect(await later.getByRole('button', { name: /^files go after/ }).count()).toBe(0)
  expect(await readFile(path, 'utf8')).toBe('for an hour')
})
