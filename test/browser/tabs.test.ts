import { expect } from 'vitest'
import { browserTest as test } from '../harness/browser.ts'
import { startHttpHost } from '../harness/http-client.ts'
import { LineClient } from '../harness/line-client.ts'
import { comeIn, sees, textsIn, write } from './page-visitor.ts'

test('two tabs of one person talk, both see each message once, and who closes one is still there', async ({ open }) => {
  const { port, tamtam } = await startHttpHost({ page: true })
  const watcher = await tamtam.engine.join({ room: 'lobby', name: 'watcher' })
  const told: string[] = []
  watcher.events$.subscribe((event) => {
    if (event.type === 'joined' || event.type === 'left') told.push(`${event.by.name} ${event.type}`)
  })
  const names = () => watcher.members.map(({ name }) => name).toSorted()
  const nini = await LineClient.join(port, 'nini')
  const first = await comeIn(open, port, 'ani')
  const second = await first.context().newPage()
  // The same browser is the same person, and comes in by itself.
  await second.goto(`http://127.0.0.1:${port}/#room=lobby`)
  await second.locator('main.room').waitFor()

  await write(first, 'from the first tab')
  await sees(second, 'from the first tab')
  await write(second, 'from the second tab')
  await sees(first, 'from the second tab')
  nini.write('from netcat\n')
  for (const page of [first, second]) {
    await sees(page, 'from netcat')
    expect(await textsIn(page)).toEqual(['from the first tab', 'from the second tab', 'from netcat'])
  }
  expect(names()).toEqual(['ani', 'nini', 'watcher'])

  await first.close()
  await write(second, 'still here')
  await nini.until('<ani> still here')
  expect(names()).toEqual(['ani', 'nini', 'watcher'])
  await second.close()
  await expect.poll(names).toEqual(['nini', 'watcher'])
  expect(told.filter((each) => each.startsWith('ani'))).toEqual(['ani joined', 'ani left'])
})
