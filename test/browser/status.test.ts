import { expect } from 'vitest'
import { browserTest as test, violations } from '../harness/browser.ts'
import { putFile } from '../harness/files.ts'
import { sayOverHttp, startHttpHost } from '../harness/http-client.ts'

test('whoever runs the host sees it live', async ({ open }) => {
  const { port, tamtam } = await startHttpHost({ page: true })
  await tamtam.engine.join({ room: 'lobby', name: 'ani' })
  const page = await open(`http://127.0.0.1:${port}/status`, { checked: true })
  await page.getByRole('img', { name: 'People: 1' }).waitFor()
  await tamtam.engine.join({ room: 'lobby', name: 'budi' })
  await page.getByRole('img', { name: 'People: 2' }).waitFor()
  await sayOverHttp(port, 'lobby', 'one\ntwo')
  await page.getByRole('row', { name: 'lobby 2 2' }).waitFor()
  await putFile(port, 'a.bin', Buffer.alloc(500_000))
  await page.getByRole('img', { name: /Files coming in: .*kB\/s/ }).waitFor()
  expect(await violations(page)).toEqual([])
})
