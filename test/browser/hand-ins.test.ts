import { expect } from 'vitest'
import { browserTest as test, violations } from '../harness/browser.ts'
import { ask, startHttpHost } from '../harness/http-client.ts'
import { keyOf, SessionClient } from '../harness/session-client.ts'
import { run } from '../harness/tools.ts'
import { comeIn, fromHeader, write } from './page-visitor.ts'

test('operators see who has handed in what, and who has not; others what of theirs was received', async ({ open }) => {
  const { port, tamtam } = await startHttpHost({ page: true })
  const owner = await tamtam.engine.join({ room: 'class', name: 'host', role: 'owner' })
  const guru = await comeIn(open, port, 'guru', { room: 'class', checked: true })
  await owner.send({ type: 'op', name: 'guru' })
  await owner.send({ type: 'startCollection' })
  await SessionClient.join(port, 'frames', 'budi', 'class')
  for (const body of ['first', 'better'])
    await ask(port, 'PUT /rooms/class/files/essay.txt', { body, headers: { 'Tamtam-Key': keyOf('budi') } })
  await SessionClient.join(port, 'frames', 'cici', 'class')

  // It stands at the head of the files; somebody has closed them, and types the word.
  await guru.locator('.files-panel').getByRole('button', { name: 'Close' }).click()
  await write(guru, '/collect')
  const table = guru.locator('.hand-ins')
  await table.getByText('1 of 2 has handed in. Not yet: cici.').waitFor()
  await table.getByRole('row', { name: /budi here.*essay\.txt 6 B.*essay\.txt 5 B, earlier/ }).waitFor()
  await table.getByRole('row', { name: /cici here nothing yet/ }).waitFor()
  expect(await violations(guru)).toEqual([])
  const saving = guru.waitForEvent('download')
  await table.getByRole('button', { name: 'Download: essay.txt' }).first().click()
  expect((await saving).suggestedFilename()).toBe('essay.txt')
  const savingAll = guru.waitForEvent('download')
  await table.getByRole('button', { name: 'Save all' }).click()
  const all = await savingAll
  expect(all.suggestedFilename()).toBe('class-hand-ins.zip')
  const names = run('unzip', '-Z1', await all.path())
    .trim()
    .split('\n')
  expect(names).toHaveLength(3)
  expect(names).toContain('budi/essay.txt')
  expect(run('unzip', '-p', await all.path(), 'budi/essay.txt')).toBe('better')

  // From outside: by a link, until it is cancelled.
  await fromHeader(guru, 'Manage room')
  const dialog = guru.getByRole('dialog')
  await dialog.getByRole('button', { name: 'Make a drop link' }).click()
  const line = dialog.locator('.copy-line code', { hasText: '/drop/' })
  const { pathname } = new URL(await line.innerText())
  expect((await ask(port, `PUT ${pathname}x.txt?name=dewi`, { body: 'x' })).status).toBe(201)
  await table.getByText('2 of 3 have handed in. Not yet: cici.').waitFor()
  await dialog.getByRole('button', { name: /^Cancel: / }).click()
  await expect.poll(() => line.count()).toBe(0)
  expect((await ask(port, `PUT ${pathname}y.txt?name=dewi`, { body: 'y' })).status).toBe(404)

  const eka = await comeIn(open, port, 'eka', { room: 'class', locale: 'id', checked: true })
  await eka
    .locator('.file-buttons input[type=file]')
    .first()
    .setInputFiles({ name: 'tugas.txt', mimeType: 'text/plain', buffer: Buffer.from('tugas') })
  const own = eka.locator('.hand-ins')
  await own.getByRole('row', { name: /tugas\.txt .* Belum ada/ }).waitFor()
  const file = owner.files.find((each) => each.file.name === 'tugas.txt')
  await owner.send({ type: 'receiveFile', file: file?.file.id ?? '' })
  await own.getByRole('row', { name: /tugas\.txt .* host/ }).waitFor()
  expect(await own.textContent()).not.toContain('budi')
  expect(await violations(eka)).toEqual([])
})
