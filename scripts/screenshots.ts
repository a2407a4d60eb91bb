// `npm run screenshots`: the main states of the page, as pictures for the README, from a real host and a real browser.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { createTamtam, type LocalSession } from '#app/index.ts'
import { launch } from '../test/harness/chromium.ts'
import { makeHero } from './hero.ts'

const place = 'docs/images'
if (process.argv[2] === 'hero') {
  makeHero(place)
  process.exit()
}
const MB = 1_000_000
mkdirSync(place, { recursive: true })

const tamtam = createTamtam({ page: true, limits: { transferBytesPerSecond: 1.2 * MB } })
await tamtam.start()
const { port } = await tamtam.listen({ port: 0 })
const browser = await launch()

const enter = (name: string, room = 'lobby', role?: 'owner') =>
  tamtam.engine.join({ room, name, ...(role === undefined ? {} : { role }) })
const host = await enter('host', 'lobby', 'owner')
const [budi, sari, wayan] = [await enter('budi'), await enter('sari'), await enter('wayan')]
const putri = await enter('putri', 'kitchen')
const say = (session: LocalSession, text: string) => session.send({ type: 'say', text })
const send = (session: LocalSession, name: string, bytes: Buffer) =>
  session.upload(
    (async function* () {
      yield bytes
    })(),
    { name, size: bytes.length },
  ).done

type Shot = BrowserContextOptions & { readonly name?: string; readonly room?: string }
const open = async ({ name = 'ani', room = 'lobby', ...options }: Shot = {}): Promise<Page> => {
  const context = await browser.newContext({ locale: 'en', viewport: { width: 1280, height: 800 }, ...options })
  const page = await context.newPage()
  await page.goto(`http://127.0.0.1:${port}/#room=${room}`)
  await page.locator('input[name=name]').fill(name)
  await page.locator('button[type=submit]').click()
  await page.locator('main.room').waitFor()
  return page
}
const shoot = async (page: Page, name: string) => {
  await page.mouse.move(640, 790)
  writeFileSync(join(place, `${name}.png`), await page.screenshot({ animations: 'disabled' }))
  console.log(`${place}/${name}.png`)
}
const leave = (page: Page) => page.context().close()

// Before anything was said.
const arrival = await (await browser.newContext({ locale: 'en', viewport: { width: 1280, height: 800 } })).newPage()
await arrival.goto(`http://127.0.0.1:${port}/#room=lobby`)
await arrival.locator('input[name=name]').fill('Budi Santoso')
await arrival.getByText('You will be').waitFor()
await shoot(arrival, 'arrival')
await leave(arrival)
const empty = await open()
await empty.locator('.qr path[d^=M]').waitFor()
await shoot(empty, 'empty')
await leave(empty)

await sari.send({ type: 'setTopic', topic: 'Films for Friday, and who brings what' })
await say(sari, 'I have the recording from the village hall. It is 2 GB, where do I put it?')
await say(budi, 'Just drop it in here. We can watch while it still uploads.')
await say(budi, 'And the cable to the internet may stay where it is: out.')
await send(sari, 'village-hall.png', await picture())
await send(wayan, 'timetable-2026.pdf', Buffer.alloc(1.2 * MB, '%PDF-1.7 '))
await send(wayan, 'photos.zip', Buffer.alloc(0.8 * MB, 'PK'))
await send(wayan, 'shopping.txt', Buffer.from('rice\ncoconut milk\nlemongrass\n'))
await say(wayan, 'the same from netcat: `nc 192.168.1.20 8268`')
await wayan.send({ type: 'act', text: 'puts the kettle on' })
await sari.send({ type: 'away', reason: 'lunch' })

const whole = (page: Page) => page.locator('.picture img').first().waitFor()
for (const colorScheme of ['light', 'dark'] as const) {
  const page = await open({ colorScheme })
  await whole(page)
  await budi.send({ type: 'whisper', to: 'ani', text: 'psst, the code is 4711' })
  await page.getByText('psst, the code').waitFor()
  await page.locator('#message').fill('I bring the popcorn')
  await shoot(page, colorScheme)
  await leave(page)
}
const phoneOptions = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true } as const
const phone = await open(phoneOptions)
await whole(phone)
await shoot(phone, 'phone')
await phone.getByRole('button', { name: /^Files \d/ }).click()
await shoot(phone, 'phone-files')
await phone.getByRole('button', { name: /^People \d/ }).click()
await shoot(phone, 'phone-people')
await leave(phone)

await host.send({ type: 'op', name: 'budi' })
const ani = await open()
await host.send({ type: 'op', name: 'ani' })
await whole(ani)
await ani.getByRole('button', { name: 'Share', exact: true }).click()
await ani.locator('dialog .qr path[d^=M]').waitFor()
await shoot(ani, 'share')
await ani.keyboard.press('Escape')
await ani.getByRole('button', { name: 'More', exact: true }).click()
await ani.getByRole('button', { name: 'Manage room' }).click()
await ani.getByRole('heading', { name: 'Manage room' }).waitFor()
await shoot(ani, 'manage')
await ani.keyboard.press('Escape')
await ani.locator('.people').getByRole('button', { name: 'wayan' }).click()
await ani.getByRole('button', { name: 'Message privately' }).waitFor()
await shoot(ani, 'person')
await ani.keyboard.press('Escape')
for (let at = 1; at <= 12; at++) await send(budi, `minutes ${at}.odt`, Buffer.alloc(20_000 * at, at))
await ani.getByText('12 files').first().waitFor()
await ani.getByPlaceholder('Find a file').fill('minutes')
await shoot(ani, 'files')
await ani.getByPlaceholder('Find a file').fill('')
await ani
  .locator('.file-buttons input')
  .first()
  .setInputFiles({ name: 'village-hall.mp4', mimeType: 'video/mp4', buffer: Buffer.alloc(40 * MB, 1) })
await ani.locator('.transfer-bar').getByText('left').waitFor()
await ani.locator('.file').getByText('MB/s').waitFor()
await shoot(ani, 'sending')

const teacher = await enter('teacher', 'class', 'owner')
await teacher.send({ type: 'startCollection' })
const pupils = [await enter('dewi', 'class'), await enter('eka', 'class'), await enter('putra', 'class')]
const guru = await open({ name: 'guru', room: 'class' })
await teacher.send({ type: 'op', name: 'guru' })
for (const [at, pupil] of pupils.slice(0, 2).entries())
  await send(pupil, 'essay.pdf', Buffer.alloc(80_000 + 9000 * at, at))
await guru.getByText('2 of 3 have handed in.').waitFor()
await shoot(guru, 'hand-ins')
await leave(guru)

const status = await (await browser.newContext({ locale: 'en', viewport: { width: 1280, height: 800 } })).newPage()
await status.goto(`http://127.0.0.1:${port}/status`)
// Something for the charts to show.
for (let second = 0; second < 20; second++) {
  for (let count = 5 + 4 * Math.sin(second / 2); count > 0; count--) await say(putri, 'one more thing')
  await status.waitForTimeout(1000)
}
await shoot(status, 'status')

await tamtam.stop()
await ani.getByText(/Offline/).waitFor()
await shoot(ani, 'no-connection')
await browser.close()
makeHero(place)

/** A drawing of a hall at dusk, made by the browser itself. */
async function picture(): Promise<Buffer> {
  const page = await browser.newPage()
  const url = await page.evaluate(() => {
    const canvas = document.createElement('canvas')
    Object.assign(canvas, { width: 480, height: 240 })
    const draw = canvas.getContext('2d') as CanvasRenderingContext2D
    const sky = draw.createLinearGradient(0, 0, 0, 240)
    for (const [at, colour] of [
      [0, '#2b3a67'],
      [0.6, '#e07a5f'],
      [1, '#f2cc8f'],
    ] as const)
      sky.addColorStop(at, colour)
    draw.fillStyle = sky
    draw.fillRect(0, 0, 480, 240)
    draw.fillStyle = '#3d2b3f'
    draw.fill(new Path2D('M90 190 L90 130 L60 130 L240 60 L420 130 L390 130 L390 190 Z'))
    draw.fillStyle = '#f2cc8f'
    for (const x of [130, 190, 270, 330]) draw.fillRect(x, 145, 24, 30)
    draw.fillStyle = '#241a2a'
    draw.fillRect(0, 188, 480, 52)
    return canvas.toDataURL('image/png')
  })
  await page.close()
  return Buffer.from(url.split(',')[1] ?? '', 'base64')
}
