import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { DropLink } from '#domain/room/room-access.ts'
import { browserTest as test, violations } from '../harness/browser.ts'
import { sampleBytes, sha256Of } from '../harness/bytes.ts'
import { ChaosProxy } from '../harness/chaos-proxy.ts'
import { temporaryDirectory } from '../harness/directory.ts'
import { startHttpHost } from '../harness/http-client.ts'

/** A closed room with a drop link. */
async function classroom() {
  const host = await startHttpHost({ page: true, token: true, stores: 'kept' })
  const owner = await host.tamtam.engine.join({ room: 'class', name: 'guru', role: 'owner' })
  const access = host.tamtam.roomAccess(owner)
  await access.setPassword('buka')
  await owner.send({ type: 'lock' })
  const link = (await access.addDropLink()) as DropLink
  const whole = () =>
    owner.files.flatMap(({ file, by, status }) =>
      status === 'whole' ? [[by.name, file.name, 'sha256' in file ? file.sha256 : '']] : [],
    )
  return { ...host, owner, access, link, whole }
}

test('the page of a drop link takes a name and files, and nothing else', async ({ open }) => {
  const { port, access, link, whole } = await classroom()
  const faults: string[] = []
  const page = await open(`http://127.0.0.1:${port}${link.path}`, { checked: true, faults })
  const bytes = sampleBytes(2_000_000)
  const path = join(await temporaryDirectory(), 'essay.pdf')
  await writeFile(path, bytes)
  await page.locator('input[type=file]').setInputFiles(path)
  await page.getByText('Write your name first').waitFor()
  expect(whole()).toEqual([])
  await page.getByLabel('Your name').fill('guru')
  await page.getByRole('button', { name: 'Hand in' }).click()
  await page.getByText('Somebody has this name already').waitFor()
  await page.getByLabel('Your name').fill('Budi Santoso')
  await page.getByRole('button', { name: 'Try again' }).click()
  await page.getByText('has arrived: 2 MB').waitFor()
  expect(whole()).toEqual([['Budi_Santoso', 'essay.pdf', sha256Of(bytes)]])
  // Nothing of the room is on it.
  expect(await page.locator('body').textContent()).not.toMatch(/class|guru/)
  expect(await violations(page)).toEqual([])
  // The next visit knows the name.
  await page.reload()
  await expect.poll(() => page.getByLabel('Your name').inputValue()).toBe('Budi Santoso')
  await access.revokeDropLink(link.id)
  await page.reload()
  await page.getByText('This address is not valid any more').waitFor()
  // A browser reports what is refused.
  expect(faults.map((fault) => /status of (\d+)/.exec(fault)?.[1])).toEqual(['409', '404'])
})

test('in Indonesian; an upload that was cut goes on where it was, also after the page was loaded again', async ({
  open,
}) => {
  const { port, owner, link, whole } = await classroom()
  const proxy = await ChaosProxy.open(port)
  const faults: string[] = []
  const page = await open(`http://127.0.0.1:${proxy.port}${link.path}`, { locale: 'id-ID', faults })
  const bytes = sampleBytes(6_000_000)
  const path = join(await temporaryDirectory(), 'film.bin')
  await writeFile(path, bytes)
  await page.getByLabel('Nama Anda').fill('ani')
  proxy.up.stallAt(3_000_000)
  await page.locator('input[type=file]').setInputFiles(path)
  await expect.poll(() => proxy.up.stalled).toBe(true)
  const [offered] = owner.files
  const [, id = ''] = [offered, offered?.file.id]
  page.on('dialog', (dialog) => void dialog.accept())
  proxy.up.release()
  proxy.cutAll('end')
  await page.reload()
  await page.getByLabel('Nama Anda').waitFor()
  await page.locator('input[type=file]').setInputFiles(path)
  await page.getByText('sudah sampai: 6 MB').waitFor()
  expect(whole()).toEqual([['ani', 'film.bin', sha256Of(bytes)]])
  expect(owner.files.map(({ file }) => file.id)).toEqual([id])
})
