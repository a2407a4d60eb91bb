import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { browserTest as test, violations } from '../helpers/browser.ts'
import { sampleBytes, sha256Of } from '../helpers/bytes.ts'
import { filesOf } from '../helpers/files.ts'
import { temporaryDirectory } from '../helpers/host.ts'
import { startHttpHost } from '../helpers/http-client.ts'
import { comeIn } from '../helpers/page-visitor.ts'

test('a file picked in one browser is saved exactly by another, and the room hears that it was checked', async ({
  open,
}) => {
  const { port } = await startHttpHost({ page: true, stores: 'kept' })
  const [ani, budi] = [await comeIn(open, port, 'ani', { checked: true }), await comeIn(open, port, 'budi')]
  const bytes = sampleBytes(3_000_000)
  const path = join(await temporaryDirectory(), 'talk.pdf')
  await writeFile(path, bytes)
  await ani.locator('input[type=file]').first().setInputFiles(path)
  await ani.getByText('talk.pdf is in the room').waitFor({ state: 'attached' })
  expect(await filesOf(port)).toMatchObject([{ name: 'talk.pdf', status: 'whole', sha256: sha256Of(bytes) }])
  const saving = budi.waitForEvent('download')
  await budi.locator('.timeline').getByRole('link', { name: 'talk.pdf' }).click()
  const saved = await (await saving).path()
  expect(sha256Of(await readFile(saved))).toBe(sha256Of(bytes))
  await budi.locator('.check input').setInputFiles(saved)
  await budi.getByText('Your copy of talk.pdf is exact').waitFor()
  await ani.getByText('1/1 verified').first().waitFor()
  expect(await violations(ani)).toEqual([])
})
