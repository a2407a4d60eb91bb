import { expect } from 'vitest'
import { browserTest as test } from '../harness/browser.ts'
import { startHttpHost } from '../harness/http-client.ts'
import { sees, write } from './page-visitor.ts'

test('C121: the secret in the address is taken out of it, and is kept for this host', async ({ open }) => {
  const { port } = await startHttpHost({ page: true, access: ({ credential }) => credential === 's3cret' })
  const faults: string[] = []
  const page = await open(`http://127.0.0.1:${port}/#room=tea`, { faults })
  await page.getByLabel('Your name').fill('ani')
  await page.keyboard.press('Enter')
  // Whoever shows nothing is told no more than that.
  await page.getByLabel('Password or invitation').waitFor()
  await page.goto(`http://127.0.0.1:${port}/?#t=s3cret&room=tea`)
  await page.locator('main.room').waitFor()
  expect(page.url()).toBe(`http://127.0.0.1:${port}/?#room=tea`)
  await write(page, 'halo')
  await sees(page, 'halo')
  // The next time, in this browser, the address alone will do.
  const later = await page.context().newPage()
  await later.goto(`http://127.0.0.1:${port}/#room=tea`)
  await later.locator('.timeline').getByText('halo').waitFor()
  expect(faults).toEqual([])
})

test('a name that can not be had is told in the form, whether the page or the host says so', async ({ open }) => {
  const { port } = await startHttpHost({ page: true })
  const page = await open(`http://127.0.0.1:${port}/#room=tea`)
  for (const [name, why] of [
    ['аni', /letters, digits, - _ or \. .*one alphabet/],
    ['admin', /reserved/],
  ] as const) {
    await page.getByLabel('Your name').fill(name)
    await page.keyboard.press('Enter')
    await page.getByRole('status').getByText(why).waitFor()
    // B5: what was typed stays.
    await expect.poll(() => page.getByLabel('Your name').inputValue()).toBe(name)
  }
  await page.getByLabel('Your name').fill("  Budi Santoso O'Brien ")
  await page.getByText('You will be Budi-Santoso-O-Brien').waitFor()
  await page.keyboard.press('Enter')
  await page.locator('main.room').waitFor()
  await page.locator('.self').getByText('Budi-Santoso-O-Brien').waitFor()
})

test('C1: without the link, with an old one, and before a password, three things are told', async ({ open }) => {
  const closed = await startHttpHost({ page: true, token: true })
  const opened = await startHttpHost({ page: true })
  const owner = await opened.tamtam.engine.join({ room: 'tea', name: 'host', role: 'owner' })
  await opened.tamtam.engine.join({ room: 'lobby', name: 'guest' })
  await opened.tamtam.roomAccess(owner).setPassword('kopi')
  const faults: string[] = []
  const told = async (url: string, text: string) => {
    const page = await open(url, { faults })
    await page.getByLabel('Your name').fill('ani')
    await page.keyboard.press('Enter')
    await page.getByText(text).waitFor()
    return page
  }
  await closed.tamtam.engine.join({ room: 'tea', name: 'guest' })
  const at = `http://127.0.0.1:${closed.port}/#`
  await told(`${at}room=tea`, 'This room is private. Scan the code on the host’s screen')
  expect(faults).toEqual([])
  await told(`${at}t=wrong-wrong-wrong-wrong&room=tea`, 'This link is no longer valid. Ask for a new one.')
  const page = await told(`http://127.0.0.1:${opened.port}/#room=tea`, 'This room has a password.')
  await page.getByLabel('Password or invitation').fill('teh')
  await page.keyboard.press('Enter')
  await page.getByText('does not open the room').waitFor()
  await page.getByLabel('Password or invitation').fill('kopi')
  await page.keyboard.press('Enter')
  await page.locator('main.room').waitFor()
})

test('a host that wants its token, a room that wants a password, and somebody who is invited', async ({ open }) => {
  const { port, tamtam } = await startHttpHost({ page: true, token: true })
  const token = tamtam.token ?? ''
  const at = (fragment: string) => `http://127.0.0.1:${port}/#${fragment}`
  const stranger = async (url: string, name: string) => {
    const page = await open(url)
    await page.getByLabel('Your name').fill(name)
    await page.keyboard.press('Enter')
    return page
  }
  const ani = await stranger(at('room=tea'), 'ani')
  await ani.getByLabel('Password or invitation').fill(token)
  await ani.keyboard.press('Enter')
  await ani.locator('main.room').waitFor()
  const host = await tamtam.engine.join({ room: 'tea', name: 'host', role: 'owner' })
  await host.send({ type: 'op', name: 'ani' })
  await sees(ani, 'host made ani a moderator')
  await write(ani, '/password kopi')
  await sees(ani, 'ani gave the room a password')
  await write(ani, '/invite')
  const link = /http:\S+/.exec(await ani.getByText('Invitation for one person').innerText())?.[0] ?? ''
  const budi = await stranger(link, 'budi')
  await budi.locator('main.room').waitFor()
  // Once: the second who comes by it is asked to sign in, and may know the password.
  const cici = await stranger(at(`t=${token}&room=tea`), 'cici')
  await cici.getByLabel('Password or invitation').fill('kopi')
  await cici.keyboard.press('Enter')
  await cici.locator('main.room').waitFor()
  await cici.reload()
  await cici.locator('main.room').waitFor()
  for (const page of [ani, budi, cici]) await expect.poll(() => page.evaluate('location.href')).toBe(at('room=tea'))
  await write(cici, 'all here')
  for (const page of [ani, budi]) await sees(page, 'all here')
})
