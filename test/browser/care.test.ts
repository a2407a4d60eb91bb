import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { browserTest as test, violations } from '../harness/browser.ts'
import { startHttpHost } from '../harness/http-client.ts'
import { comeIn, sees, write } from './page-visitor.ts'

async function careOf(page: Page): Promise<Page> {
  await page.getByRole('button', { name: 'Settings' }).click()
  await page.getByRole('button', { name: 'Look after the room' }).click()
  await page.getByRole('heading', { name: 'Look after the room' }).waitFor()
  return page
}
const press = async (page: Page, name: string) =>
  await (await careOf(page)).getByRole('button', { name, exact: true }).click()

test('who looks after a room locks it, collects, invites and gives it a password by buttons', async ({ open }) => {
  const { port, tamtam } = await startHttpHost({ page: true })
  const host = await tamtam.engine.join({ room: 'lobby', name: 'host', role: 'owner' })
  const ani = await comeIn(open, port, 'ani', { checked: true, viewport: { width: 320, height: 568 } })
  // A member is offered none of it.
  await ani.getByRole('button', { name: 'Settings' }).click()
  await ani.getByRole('button', { name: 'Help' }).waitFor()
  expect(await ani.getByRole('button', { name: 'Look after the room' }).count()).toBe(0)
  await ani.keyboard.press('Escape')
  await host.send({ type: 'op', name: 'ani' })
  await sees(ani, 'host made ani a moderator')

  await careOf(ani)
  expect(await violations(ani)).toEqual([])
  const handIns = ani.getByRole('link', { name: 'Hand-ins and drop links' })
  expect(await handIns.getAttribute('href')).toBe('/hand-ins#room=lobby')
  expect(await ani.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')).toBe(0)
  await ani.keyboard.press('Escape')
  for (const [name, told] of [
    ['Collect files', /ani collects files/],
    ['Collect no more', /ani collects no more/],
    ['Let nobody new in', 'ani locked the room'],
  ] as const) {
    await press(ani, name)
    await sees(ani, told)
  }
  await press(ani, 'Invite somebody')
  const link = /http:\S+/.exec(await ani.getByText('Lets one person in').innerText())?.[0] ?? ''
  const budi = await open(link)
  await budi.getByLabel('Your name').fill('budi')
  await budi.keyboard.press('Enter')
  await budi.locator('main.room').waitFor()
  await press(ani, 'Invitations')
  const [, id] =
    /^\[(\w+)\] used/.exec(await ani.getByText(/^\[\w+\] used, and lets its person back in until/).innerText()) ?? []
  await write(ani, `/invite off ${id}`)
  await ani.getByText('Nobody comes in by it any more').waitFor()
  await press(ani, 'Let people in again')
  await sees(ani, 'ani unlocked the room')

  const type = async (label: RegExp, typed: string) => {
    await (await careOf(ani)).getByLabel(label).fill(typed)
    await ani.keyboard.press('Enter')
  }
  const headed = (text: string) => ani.getByRole('heading', { level: 1 }).getByText(text)
  await type(/^members may send one message in so many seconds/, 'soon')
  await ani.getByText('/slow seconds|off').waitFor()
  await type(/^members may send one message in so many seconds/, '10')
  await sees(ani, 'slow mode: members may send one message in 10 seconds (set by ani)')
  await headed('slow mode: members may send one message in 10 seconds').waitFor()
  expect(await ani.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')).toBe(0)
  await careOf(ani)
  await ani.getByRole('dialog').getByText('slow mode: members may send one message in 10 seconds').waitFor()
  await ani.keyboard.press('Escape')
  await type(/^members may send one message in so many seconds/, 'off')
  await sees(ani, 'slow mode is off (set by ani)')
  await headed('slow mode').waitFor({ state: 'detached' })

  await type(/^files go after so long/, '7d')
  await sees(ani, 'files expire 7 days after they came (set by ani)')
  await headed('files expire 7 days after they came').waitFor()
  await type(/^files go after so long/, '5')
  await ani.getByText('files expire after 1 hour to 365 days; 0 ends it').waitFor()

  await press(ani, 'Take the password away')
  await careOf(ani)
  await ani.getByLabel('Password of the room').fill('buka pintu')
  await ani.keyboard.press('Enter')
  await sees(ani, /^ani gave the room a password/)
  const marked = (page: Page) => page.getByRole('heading', { level: 1 }).getByText('with a password').count()
  await expect.poll(() => marked(ani)).toBe(1)
  const cici = await open(`http://127.0.0.1:${port}/#room=lobby`)
  await cici.getByLabel('Your name').fill('cici')
  await cici.keyboard.press('Enter')
  await cici.getByLabel('Password or invitation').fill('buka pintu')
  await cici.keyboard.press('Enter')
  await cici.locator('main.room').waitFor()
  expect(await marked(cici)).toBe(1)
  // Also on the narrow screen, beside the room's name.
  const named = await ani.getByRole('heading', { level: 1 }).getByText('lobby').boundingBox()
  expect(named?.width).toBeGreaterThan(30)
  expect(await violations(ani)).toEqual([])
  await press(ani, 'Take the password away')
  for (const page of [ani, cici]) await sees(page, "ani took the room's password away")
  for (const page of [ani, cici]) await expect.poll(() => marked(page)).toBe(0)
  // Where there was none, nobody was told of anything.
  expect(await ani.getByText("took the room's password away").count()).toBe(1)
})

test('the same with keys alone, in Indonesian', async ({ open }) => {
  const { port, tamtam } = await startHttpHost({ page: true })
  const host = await tamtam.engine.join({ room: 'lobby', name: 'host', role: 'owner' })
  const siti = await comeIn(open, port, 'siti', { locale: 'id-ID', checked: true })
  await host.send({ type: 'op', name: 'siti' })
  await sees(siti, /siti/)
  const focused = () => siti.evaluate<string>('document.activeElement.ariaLabel || document.activeElement.textContent')
  const reach = async (name: string, key: string) => {
    for (let presses = 0; presses < 40 && (await focused()).trim() !== name; presses++) await siti.keyboard.press(key)
    expect((await focused()).trim()).toBe(name)
    await siti.keyboard.press('Enter')
  }
  await reach('Pengaturan', 'Shift+Tab')
  await reach('Kelola ruang', 'Tab')
  await siti.getByLabel('Kata sandi ruang ini').waitFor()
  expect(await violations(siti)).toEqual([])
  await reach('Kunci ruang', 'Tab')
  await sees(siti, 'siti mengunci ruang ini')
})
