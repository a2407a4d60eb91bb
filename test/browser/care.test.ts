import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { browserTest as test, violations } from '../harness/browser.ts'
import { startHttpHost } from '../harness/http-client.ts'
import { comeIn, fromHeader, sees } from './page-visitor.ts'

const dialogOf = (page: Page) => page.getByRole('dialog')

async function manage(page: Page): Promise<Page> {
  await fromHeader(page, 'Manage room')
  await page.getByRole('heading', { name: 'Manage room' }).waitFor()
  return page
}
const turn = (page: Page, name: string, on: boolean) => page.getByRole('switch', { name, exact: true }).setChecked(on)

test('who looks after a room locks it, collects, invites and gives it a password by buttons', async ({ open }) => {
  const { port, tamtam } = await startHttpHost({ page: true })
  const host = await tamtam.engine.join({ room: 'lobby', name: 'host', role: 'owner' })
  const ani = await comeIn(open, port, 'ani', { checked: true, viewport: { width: 320, height: 568 } })
  // A member is offered none of it.
  await ani.getByRole('button', { name: 'More', exact: true }).click()
  await ani.getByRole('button', { name: 'Help' }).waitFor()
  expect(await ani.getByRole('button', { name: 'Manage room' }).count()).toBe(0)
  await ani.keyboard.press('Escape')
  await host.send({ type: 'op', name: 'ani' })
  await sees(ani, 'host made ani a moderator')

  await manage(ani)
  expect(await violations(ani)).toEqual([])
  expect(await ani.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')).toBe(0)
  // C2: a switch shows how it is, and is turned by the room alone.
  for (const [name, on, told] of [
    ['Hand-in mode', true, /ani turned hand-in mode on/],
    ['Hand-in mode', false, /ani turned hand-in mode off/],
    ['Announcements only', true, 'only moderators and members with a voice may speak (set by ani)'],
    ['Announcements only', false, 'everyone may speak (set by ani)'],
    ['Locked topic', true, 'only moderators set the topic (set by ani)'],
    ['Hidden', true, 'this room is in no list of rooms but its members’ (set by ani)'],
    ['Locked', true, 'nobody new comes in (set by ani)'],
  ] as const) {
    await turn(ani, name, on).catch(() => {})
    await sees(ani, told)
    await expect.poll(() => ani.getByRole('switch', { name, exact: true }).isChecked()).toBe(on)
  }
  // Both halves together: as they stand in the head, and as the command has them.
  await ani.locator('.room-header').getByText('locked', { exact: true }).waitFor({ state: 'attached' })
  // C5: an invitation can be copied, and taken back.
  await dialogOf(ani).getByRole('button', { name: 'Invite one person' }).click()
  await ani.getByText('Invitation for one person, valid for 24 hours.').waitFor()
  await ani.getByText('Unused, until').waitFor()
  const link = await dialogOf(ani).locator('.copy-line code').innerText()
  const budi = await open(link)
  await budi.getByLabel('Your name').fill('budi')
  await budi.keyboard.press('Enter')
  await budi.locator('main.room').waitFor()
  await ani.keyboard.press('Escape')
  await manage(ani)
  await ani.getByText('Used, until').waitFor()
  await ani.getByRole('button', { name: /^Cancel: / }).click()
  await ani.getByText('Invitation cancelled.').waitFor()
  await turn(ani, 'Locked', false).catch(() => {})
  await sees(ani, 'everyone may come in (set by ani)')
  await ani.keyboard.press('Escape')

  const type = async (label: RegExp, typed: string) => {
    await (await manage(ani)).getByLabel(label).fill(typed)
    await ani.keyboard.press('Enter')
    await ani.keyboard.press('Escape')
  }
  const headed = (text: string) => ani.locator('.room-header').getByText(text)
  await type(/members may send one message in so many seconds/, 'soon')
  await ani.getByText('/slow seconds|off').waitFor()
  await type(/members may send one message in so many seconds/, '10')
  await sees(ani, 'slow mode: members may send one message in 10 seconds (set by ani)')
  await headed('slow mode: members may send one message in 10 seconds').waitFor()
  expect(await ani.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')).toBe(0)
  await manage(ani)
  await dialogOf(ani).getByText('slow mode: members may send one message in 10 seconds').waitFor()
  await ani.keyboard.press('Escape')
  await type(/members may send one message in so many seconds/, 'off')
  await sees(ani, 'slow mode is off (set by ani)')
  await headed('slow mode').waitFor({ state: 'detached' })

  await type(/let in at most n members/, '9')
  await sees(ani, 'at most 9 members (set by ani)')
  await type(/remove files after this time/, '7d')
  await sees(ani, 'files expire 7 days after they came (set by ani)')
  await headed('files expire 7 days after they came').waitFor()
  await type(/remove files after this time/, '5')
  await ani.getByText('files expire after 1 hour to 365 days; 0 ends it').waitFor()

  await manage(ani)
  expect(await dialogOf(ani).getByRole('button', { name: 'Remove password' }).count()).toBe(0)
  await dialogOf(ani).getByLabel('Room password').fill('buka pintu')
  await dialogOf(ani).getByRole('button', { name: 'Set password' }).click()
  await ani.getByText('Password set.').waitFor()
  await sees(ani, /^ani gave the room a password/)
  await dialogOf(ani).getByRole('button', { name: 'Remove password' }).waitFor()
  await ani.keyboard.press('Escape')
  const marked = (page: Page) => page.locator('.room-header').getByText('password', { exact: true }).count()
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
  await manage(ani)
  await dialogOf(ani).getByRole('button', { name: 'Remove password' }).click()
  for (const page of [ani, cici]) await sees(page, "ani took the room's password away")
  for (const page of [ani, cici]) await expect.poll(() => marked(page)).toBe(0)
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
  await reach('Lainnya', 'Shift+Tab')
  await reach('Kelola ruang', 'ArrowDown')
  await siti.getByLabel('Kata sandi ruang').waitFor()
  expect(await violations(siti)).toEqual([])
  await siti.getByRole('switch', { name: 'Terkunci', exact: true }).focus()
  await siti.keyboard.press('Space')
  await sees(siti, 'orang baru tidak bisa masuk (diatur oleh siti)')
})
