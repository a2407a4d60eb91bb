import { expect } from 'vitest'
import { browserTest as test, violations } from '../harness/browser.ts'
import { temporaryDirectory } from '../harness/directory.ts'
import { HostProcess } from '../harness/host-process.ts'
import { ask, sayOverHttp, startHttpHost } from '../harness/http-client.ts'
import { LineClient } from '../harness/line-client.ts'
import { until } from '../harness/patience.ts'
import { aboutPerson, comeIn, sees, textsIn, write } from './page-visitor.ts'

test('two people in browsers and one with netcat are in one room', async ({ open }) => {
  const { port } = await startHttpHost({ page: true })
  const ani = await comeIn(open, port, 'ani', { checked: true })
  const budi = await comeIn(open, port, 'budi')
  const nini = await LineClient.join(port, 'nini')
  await ani.locator('.people').getByText('nini').waitFor()
  await ani.getByText('Here now · 3').waitFor()

  await write(ani, 'halo\nbudi: see https://example.org/a_(b), ok')
  await nini.until(/^<ani> halo/)
  nini.write('<script>alert(1)</script>\n')
  await sees(budi, '<script>alert(1)</script>')
  await write(budi, '/me waves')
  await nini.until(/budi waves/)

  // Whoever is named sees it at once, and what is a link leads out without telling from where.
  await budi.locator('.lit').getByText('budi: see').waitFor()
  expect(await ani.locator('.lit').count()).toBe(0)
  const link = budi.locator('.timeline a[target]')
  expect(await link.getAttribute('href')).toBe('https://example.org/a_(b)')
  expect(await link.getAttribute('rel')).toBe('noopener noreferrer')

  // A whisper, from the list of people.
  await aboutPerson(ani, 'budi', 'Message privately')
  await ani.getByRole('button', { name: 'To only budi' }).waitFor()
  await ani.getByLabel('Message budi privately').fill('just between us')
  await ani.keyboard.press('Enter')
  await budi.locator('.whispered').getByText('just between us').waitFor()
  await ani.keyboard.press('Escape')
  await write(ani, 'to everybody')
  await nini.until(/^<ani> to everybody/)
  expect(nini.lines.join('\n')).not.toContain('just between us')

  // What the other one's words were stands above an answer.
  await budi.locator('.row').getByText('to everybody').hover()
  await budi.getByRole('button', { name: 'Reply to ani' }).click()
  await expect.poll(() => budi.locator('#message').inputValue()).toBe('> ani: to everybody\n')
  await budi.locator('#message:focus').waitFor()
  await budi.keyboard.type('yes')
  await budi.keyboard.press('Enter')
  await ani.locator('blockquote').getByText('ani: to everybody').waitFor()

  await until('somebody to be seen typing', async () => {
    await budi.locator('#message').pressSequentially('more and ', { delay: 60 })
    return await ani.getByText('budi is typing').isVisible()
  })
  await write(ani, '/topic kopi')
  await budi.locator('.topic').getByText('kopi').waitFor()
  await write(ani, '/nick Anita')
  await budi.locator('.people').getByText('Anita').waitFor()
  await write(ani, '/noword')
  await ani.getByText('there is no /noword').waitFor()
  expect(await violations(ani)).toEqual([])
})

test('who looks after a room does so in the page; who is sent out is told why', async ({ open }) => {
  const { port, tamtam } = await startHttpHost({ page: true })
  const host = await tamtam.engine.join({ room: 'lobby', name: 'host', role: 'owner' })
  const [ani, budi] = [await comeIn(open, port, 'ani'), await comeIn(open, port, 'budi')]
  await ani.locator('.people').getByRole('button', { name: 'budi' }).click()
  await ani.getByRole('button', { name: 'Message privately' }).waitFor()
  expect(await ani.getByRole('button', { name: 'Remove from room' }).count()).toBe(0)
  await ani.keyboard.press('Escape')
  await host.send({ type: 'op', name: 'ani' })
  await ani.locator('.self').getByText('moderator').waitFor()
  await aboutPerson(ani, 'budi', 'Remove from room…')
  await ani.getByLabel('Reason').fill('too loud')
  await ani.keyboard.press('Enter')
  await budi.getByText('You are no longer in this room: ani removed budi: too loud').waitFor()
  // C3: whoever is out is told so where they would write.
  await expect.poll(() => budi.locator('#message').getAttribute('readonly')).not.toBeNull()
  await budi.getByText('You are not in the room.').waitFor()
  await sees(ani, 'ani removed budi: too loud')
  await budi.getByRole('button', { name: 'Join again' }).click()
  await budi.locator('.people').getByText('ani').waitFor()
  await write(ani, '/mute budi')
  await sees(budi, 'ani muted budi')
  // C3: so is whoever may only read. The menu shows how it is, and offers the other (C2).
  await budi.getByText('You are muted. Ask a moderator.').waitFor()
  await expect.poll(() => budi.locator('#message').getAttribute('readonly')).not.toBeNull()
  await aboutPerson(ani, 'budi', 'Unmute')
  await sees(budi, 'ani unmuted budi')
  await write(budi, 'hello?')
  await sees(ani, 'hello?')
  expect(await budi.locator('.pending').count()).toBe(0)
})

test('the host is killed and comes back: nothing is lost, nothing is doubled, and the page says how things stand', async ({
  open,
}) => {
  const data = await temporaryDirectory()
  const { host, port } = await HostProcess.start(['--data', data])
  const faults: string[] = []
  const [ani, budi] = [await comeIn(open, port, 'ani', { faults }), await comeIn(open, port, 'budi', { faults })]
  for (const text of ['one', 'two']) await write(ani, text)
  await sees(budi, 'two')
  await host.kill()
  await ani.getByText(/Offline/).waitFor()
  for (const text of ['three', 'four']) await write(ani, text)
  await ani.locator('.pending').getByText('three').waitFor()
  // Whoever opens the page anew meanwhile still has what was not sent.
  await write(budi, 'five')
  await budi.locator('.pending').getByText('five').waitFor()
  const again = new HostProcess(['host', '--json', '--port', String(port), '--data', data])
  await again.listening()
  await sees(budi, 'four')
  await sees(ani, 'five')
  await expect.poll(() => ani.locator('.pending').count()).toBe(0)
  for (const page of [ani, budi])
    expect([...(await textsIn(page))].sort()).toEqual(['five', 'four', 'one', 'three', 'two'])
  expect(await textsIn(ani)).toEqual(await textsIn(budi))
  await expect.poll(() => ani.getByText(/Offline/).count()).toBe(0)
  expect(faults.filter((fault) => !/ERR_CONNECTION_REFUSED|WebSocket connection/.test(fault))).toEqual([])
})

test('C57, C58, C59, C62, C96: hostile names and texts are shown, and do nothing', async ({ open }) => {
  const { port, tamtam } = await startHttpHost({ page: true })
  const texts = [
    '<img src=x onerror="document.title=1">',
    'javascript:alert(1) and data:text/html,<script>1</script>',
    'https://a"onmouseover="alert(1) x',
    '\u202Egnp.exe\u202C and \u200B\u2066hidden\u2069',
    '\u001b[2J\u0007\u009b31m',
    `a${'\u0301'.repeat(500)}`,
    '﷽'.repeat(50),
    'x'.repeat(3000),
    '{{constructor.constructor("alert(1)")()}} </textarea><svg/onload=alert(1)>',
  ]
  const guest = await tamtam.engine.join({ room: 'lobby', name: 'guest' })
  const page = await comeIn(open, port, 'ani', { checked: true })
  for (const text of texts) await guest.send({ type: 'say', text })
  await guest.send({ type: 'setTopic', topic: '<b>\u202Ex</b>' })
  await ask(port, `POST /rooms/lobby/messages`, { body: 'from an address', from: '127.0.0.1' })
  await sees(page, 'from an address')
  const shown = (await textsIn(page)).join('\n')
  expect(shown).toContain('<img src=x onerror="document.title=1">')
  expect(shown).toContain('<U+202E>gnp.exe<U+202C> and <U+200B><U+2066>hidden<U+2069>')
  expect(shown).toContain('␛[2J␇\\x9b31m')
  expect(shown).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u0080-\u009f\u200b\u202a-\u202e\u2066-\u2069]/)
  expect(Math.max(...[...shown.matchAll(/\u0301+/g)].map(([marks]) => marks.length))).toBeLessThanOrEqual(4)
  await expect.poll(() => page.locator('.topic').innerText()).toContain('<b><U+202E>x</b>')
  expect(await page.locator('.timeline .row .body :is(img, script, svg:not(.icon))').count()).toBe(0)
  const links = await page
    .locator('.timeline .row a')
    .evaluateAll((all) => all.map((each) => (each as unknown as { readonly href: string }).href))
  expect(links).toEqual(['https://a/'])
  expect(await page.title()).toMatch(/lobby · tamtam$/)
  // Nothing is wider than the page.
  const wide = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
  expect(wide).toBe(0)
})

test('what was missed is marked where one stopped, and the window tells of it', async ({ open }) => {
  const { port } = await startHttpHost({ page: true })
  const ani = await comeIn(open, port, 'ani')
  await sayOverHttp(port, 'lobby', 'seen', { as: 'cici' })
  await sees(ani, 'seen')
  await expect.poll(() => ani.evaluate('localStorage.getItem("tamtam.read.lobby")')).toBe('1')
  await ani.goto('about:blank')
  await sayOverHttp(port, 'lobby', 'missed\nand this', { as: 'cici' })
  await ani.goto(`http://127.0.0.1:${port}/`)
  await sees(ani, 'and this')
  const order = () => ani.locator('.timeline li:is(.row, .divider)').allInnerTexts()
  expect((await order()).map((row) => /seen|New|missed|and this/.exec(row)?.[0])).toEqual([
    'seen',
    'New',
    'missed',
    'and this',
  ])
  // It stays where it is while others talk, and goes when one answers.
  await sayOverHttp(port, 'lobby', 'more', { as: 'cici' })
  await sees(ani, 'more')
  await expect.poll(() => ani.locator('.divider').count()).toBe(1)
  await write(ani, 'here I am')
  await expect.poll(() => ani.locator('.divider').count()).toBe(0)
  await ani.locator('nav').getByText('lobby').waitFor()

  // Another room, and what is new there, in the list; the address leads there and back.
  await sayOverHttp(port, 'tea', 'first', { as: 'cici' })
  await ani.goto(`http://127.0.0.1:${port}/#room=tea`)
  await sees(ani, 'first')
  await expect.poll(() => ani.title()).toBe('tea · tamtam')
  await ani.goBack()
  await sees(ani, 'here I am')
  await expect.poll(() => ani.title()).toBe('lobby · tamtam')
})
