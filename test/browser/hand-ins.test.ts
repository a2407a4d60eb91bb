import { expect } from 'vitest'
import { browserTest as test, violations } from '../harness/browser.ts'
import { ask, startHttpHost } from '../harness/http-client.ts'
import { keyOf, SessionClient } from '../harness/session-client.ts'
import { run } from '../harness/tools.ts'
import { comeIn } from './page-visitor.ts'

test('operators see who has handed in what, and who has not; others what of theirs was received', async ({ open }) => {
  const { port, tamtam } = await startHttpHost({ page: true })
  const owner = await tamtam.engine.join({ room: 'class', name: 'host', role: 'owner' })
  const guru = await comeIn(open, port, 'guru', { room: 'class' })
  await owner.send({ type: 'op', name: 'guru' })
  await owner.send({ type: 'startCollection' })
  await SessionClient.join(port, 'frames', 'budi', 'class')
  for (const body of ['first', 'better'])
    await ask(port, 'PUT /rooms/class/files/essay.txt', { body, headers: { 'Tamtam-Key': keyOf('budi') } })
  await SessionClient.join(port, 'frames', 'cici', 'class')

  // As somebody types it, in a tab of its own.
  const opening = guru.context().waitForEvent('page')
  await guru.locator('#message').fill('/collect')
  await guru.locator('#message').press('Enter')
  const table = await opening
  await table.getByText('1 of 2 have handed in. Not yet: cici.').waitFor()
  await table.getByRole('row', { name: /budi here.*essay\.txt 6 B.*essay\.txt 5 B, earlier/ }).waitFor()
  await table.getByRole('row', { name: /cici here nothing yet/ }).waitFor()
  const saving = table.waitForEvent('download')
  await table.getByRole('button', { name: 'Save: essay.txt' }).first().click()
  expect((await saving).suggestedFilename()).toBe('essay.txt')
  const savingAll = table.waitForEvent('download')
  await table.getByRole('button', { name: 'Save all' }).click()
  const all = await savingAll
  expect(all.suggestedFilename()).toBe('class-hand-ins.zip')
  const names = run('unzip', '-Z1', await all.path())
    .trim()
    .split('\n')
  expect(names).toHaveLength(3)
  expect(names).toContain('budi/essay.txt')
  expect(run('unzip', '-p', await all.path(), 'budi/essay.txt')).toBe('better')
  await table.getByRole('button', { name: 'Make a drop link' }).click()
  const link = await table.getByRole('link', { name: /\/drop\// }).getAttribute('href')
  expect((await ask(port, `PUT ${link}x.txt?name=dewi`, { body: 'x' })).status).toBe(201)
  await table.getByText('2 of 3 have handed in. Not yet: cici.').waitFor()
  await table.getByRole('button', { name: /Revoke/ }).click()
  await expect.poll(() => table.getByRole('link', { name: /\/drop\// }).count()).toBe(0)
  expect((await ask(port, `PUT ${link}y.txt?name=dewi`, { body: 'y' })).status).toBe(404)

  const faults: string[] = []
  const eka = await comeIn(open, port, 'eka', { room: 'class', locale: 'id', faults })
  await eka
    .locator('.file-buttons input[type=file]')
    .first()
    .setInputFiles({ name: 'tugas.txt', mimeType: 'text/plain', buffer: Buffer.from('tugas') })
  await expect
    .poll(() => owner.files.some(({ file, status }) => file.name === 'tugas.txt' && status === 'whole'))
    .toBe(true)
  const file = owner.files.find((each) => each.file.name === 'tugas.txt')
  await owner.send({ type: 'receiveFile', file: file?.file.id ?? '' })
  const own = await eka.context().newPage()
  await own.goto(`http://127.0.0.1:${port}/hand-ins#room=class`)
  await own.getByRole('row', { name: /tugas\.txt 5 B.* host \(/ }).waitFor()
  expect(await own.locator('body').textContent()).not.toContain('budi')
})

test('the page of hand-ins is fit for everybody, and says what to do where nobody is in the room', async ({ open }) => {
  const { port } = await startHttpHost({ page: true })
  const faults: string[] = []
  const page = await open(`http://127.0.0.1:${port}/hand-ins#room=class`, { checked: true, faults })
  await page.getByText('Open the room first').waitFor()
  expect(await violations(page)).toEqual([])
})
