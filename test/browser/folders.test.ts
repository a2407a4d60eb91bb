import { execFileSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { browserTest as test, violations } from '../harness/browser.ts'
import { temporaryDirectory } from '../harness/directory.ts'
import { ask, startHttpHost } from '../harness/http-client.ts'
import { plant } from '../harness/trees.ts'
import { comeIn } from './page-visitor.ts'

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
