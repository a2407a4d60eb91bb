// What the page tells of files on their way, and of what happens while nobody looks.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { browserTest as test } from '../harness/browser.ts'
import { temporaryDirectory } from '../harness/directory.ts'
import { filesOf, putFile } from '../harness/files.ts'
import { startHttpHost } from '../harness/http-client.ts'
import { until } from '../harness/patience.ts'
import { Sample } from '../harness/sample.ts'
import { chooseFiles, comeIn, fromHeader } from './page-visitor.ts'

const MB = 1_000_000

/** Runs before anything of the page, for each page of its context. */
const prepare = async (page: Page, script: string): Promise<void> => {
  await page.context().addInitScript({ content: script })
  await page.reload()
  await page.locator('main.room').waitFor()
}

test('C7: sender and receiver see the same card: bar, speed, pause; a screen stays awake meanwhile; sent again it is here already', async ({
  open,
}) => {
  const limits = { transferBytesPerSecond: 2 * MB }
  const { port, tamtam } = await startHttpHost({ page: true, stores: 'kept', limits })
  const [ani, budi] = [await comeIn(open, port, 'ani'), await comeIn(open, port, 'budi')]
  await prepare(
    ani,
    `globalThis.awake = []
     navigator.wakeLock.request = async (what) => {
       awake.push(what)
       return { release: async () => void awake.push('released') }
     }`,
  )
  const sample = new Sample(30 * MB)
  const path = join(await temporaryDirectory(), 'film.bin')
  await sample.save(path)
  await chooseFiles(ani, [path])
  const at = (page: Page) => page.locator('.timeline .file', { hasText: 'film.bin' })
  for (const page of [ani, budi]) {
    await at(page).getByText('MB/s').waitFor()
    await at(page)
      .getByText(/\d+ % of 30 MB/)
      .waitFor()
    const value = () =>
      at(page)
        .getByRole('progressbar')
        .evaluate((bar: HTMLProgressElement) => bar.value)
    const before = await value()
    await expect.poll(value).toBeGreaterThan(before)
  }
  expect(await ani.evaluate('awake')).toEqual(['screen'])
  await at(ani).getByRole('button', { name: 'Pause: film.bin' }).click()
  for (const page of [ani, budi]) await at(page).getByText('Paused').waitFor()
  await expect.poll(() => ani.evaluate('awake')).toEqual(['screen', 'released'])
  tamtam.bandwidth.set({ transfer: 0 })
  await at(ani).getByRole('button', { name: 'Resume: film.bin' }).click()
  await until('all of it', async () => (await filesOf(port))[0]?.status === 'whole')
  await at(budi).getByRole('link', { name: 'Download: film.bin' }).waitFor()

  // B11: the room has it, and it is not sent once more.
  const sent: string[] = []
  ani.on('request', (request) => {
    if (request.method() === 'PATCH') sent.push(request.url())
  })
  await chooseFiles(ani, [path])
  await ani.getByText('film.bin is here already.').waitFor()
  expect(sent).toEqual([])
  expect(await filesOf(port)).toMatchObject([{ name: 'film.bin', sha256: sample.sha256() }])
})

test('who asked for it is told of mentions and private messages while looking elsewhere, and of nothing else', async ({
  open,
}) => {
  const { port, tamtam } = await startHttpHost({ page: true })
  const budi = await tamtam.engine.join({ room: 'lobby', name: 'budi' })
  const ani = await comeIn(open, port, 'ani')
  await ani.context().grantPermissions(['notifications'])
  await prepare(
    ani,
    `globalThis.told = []
     globalThis.Notification = class {
       static permission = 'granted'
       static requestPermission = async () => 'granted'
       constructor(title, { body }) { told.push(title + ': ' + body) }
       close() {}
     }
     globalThis.rings = 0
     const { start } = OscillatorNode.prototype
     OscillatorNode.prototype.start = function (...args) {
       rings++
       start.apply(this, args)
     }
     globalThis.hides = false
     Object.defineProperty(document, 'visibilityState', { get: () => (hides ? 'hidden' : 'visible') })`,
  )
  await fromHeader(ani, 'Settings')
  await ani.getByRole('switch', { name: 'Notify me' }).click()
  // It is remembered, and sounds once somebody has touched the page.
  await expect.poll(() => ani.evaluate('localStorage.getItem("tamtam.notify")')).toBe('yes')
  await ani.reload()
  await ani.locator('#message').click()
  await budi.send({ type: 'say', text: 'halo ani, seen' })
  await ani.getByText('halo ani, seen').first().waitFor()
  await ani.evaluate('hides = true')
  await budi.send({ type: 'say', text: 'of no interest to them' })
  await budi.send({ type: 'say', text: 'halo ani, unseen' })
  await budi.send({ type: 'whisper', to: 'ani', text: 'between us' })
  await expect.poll(() => ani.evaluate('told')).toEqual(['budi · lobby: halo ani, unseen', 'budi · lobby: between us'])
  await expect.poll(() => ani.evaluate('rings')).toBe(2)
})

test('an AVIF and the first frame of a film are shown in the room, a PDF is opened in a tab of its own, and what only has its name is not', async ({
  open,
}) => {
  const { port } = await startHttpHost({ page: true })
  const ani = await comeIn(open, port, 'ani')
  await putFile(port, 'dot.avif', AVIF)
  await expect
    .poll(() => ani.locator('.timeline .picture img').evaluate((shown: HTMLImageElement) => shown.naturalWidth))
    .toBeGreaterThan(0)
  await putFile(port, 'talk.pdf', PDF)
  const opened = ani.context().waitForEvent('page')
  await ani.locator('.timeline').getByRole('button', { name: 'Open: talk.pdf' }).click()
  await (await opened).close()
  // Of a film its first frame stands in the card, where it is one; a click on that plays it.
  const posters = ani.locator('.timeline .picture video')
  await putFile(port, 'none.webm', 'no film')
  await putFile(port, 'film.webm', FILM)
  await posters.last().waitFor()
  await expect
    .poll(() => posters.evaluateAll((all) => all.map((each) => each.checkVisibility())))
    .toEqual([false, true])
  await posters.last().click()
  await ani.locator('.timeline video[controls]').waitFor()
  const path = join(await temporaryDirectory(), 'none.pdf')
  await writeFile(path, '<script>alert(1)</script>')
  await chooseFiles(ani, [path])
  await ani.locator('.timeline').getByRole('button', { name: 'Open: none.pdf' }).click()
  await ani.getByText(/could not be shown/).waitFor()
  expect(ani.context().pages()).toHaveLength(1)
})

const PDF =
  '%PDF-1.1\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n'

/** Four by four pixels of one colour. */
const AVIF = Buffer.from(
  'AAAAIGZ0eXBhdmlmAAAAAGF2aWZtaWYxbWlhZk1BMUEAAADybWV0YQAAAAAAAAAoaGRscgAAAAAAAAAAcGljdAAAAAAAAAAAAAAAAGxpYmF2aWYAAAAADnBpdG0AAAAAAAEAAAAeaWxvYwAAAABEAAABAAEAAAABAAABGgAAAB0AAAAoaWluZgAAAAAAAQAAABppbmZlAgAAAAABAABhdjAxQ29sb3IAAAAAamlwcnAAAABLaXBjbwAAABRpc3BlAAAAAAAAAAQAAAAEAAAAEHBpeGkAAAAAAwgICAAAAAxhdjFDgSAAAAAAABNjb2xybmNseAABAA0ABoAAAAAXaXBtYQAAAAAAAAABAAEEAQKDBAAAACVtZGF0EgAKCDgEfYQENBpAMg8XgAkkkkQAAHlEPvXvvV0=',
  'base64',
)

/** Four frames of 16 by 16 pixels. */
const FILM = Buffer.from(
  'GkXfo59ChoEBQveBAULygQRC84EIQoKEd2VibUKHgQRChYECGFOAZwEAAAAAAAJWEU2bdLlNu4tTq4QVSalmU6yBbk27i1OrhBZUrmtTrIGTTbuLU6uEH0O2dVOsgdRNu4xTq4QcU7trU6yCAkTsrgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAVSalmoCrXsYMPQkBEiYRDqmHLTYCGQ2hyb21lV0GGQ2hyb21lFlSua7yuuteBAXPFhxBYaJZrtQ6DgQFV7oEBhoVWX1ZQOOCdsIEQuoEQU8CBAVWwkFWxgQFVuYECVbqBDVW7gQEfQ7Z1AQAAAAAAAWTngQCg6qG/gQAAALACAJ0BKhAAEAAABwiFhYiZhIgBJBATrVAfwBBn79j+/udcv/dPXtPXtPX8wf//IrX/IrX/IrX/8h8AdaGmpqTugQGlnxACAJ0BKhAAEAAABwiFhYiZhIgBJBAAYGsA/v+6gwCg0KGvgQBkAPEBAAAQCSAAwDnAQan/lmoIeP7+67y/+U9jivo/8p+//5PdnjSmiX/5OAB1oZmml+6BAaWS0QEAABAJIADAAMLBf6AAQAAA+4EAoNGhsIEAyACxAQAAEAkgAMABgf+gYAd4/v7nXL/3Ttr/p21/09fzB//8itTL9Qnn/8h8AHWhmaaX7oEBpZLRAQAAEAkgAMAAwsF/oABAAAD7gWSgzqGtgQFUALEBAAAQCSAAwAGB/6BgB3j+/uu8v/lPY4r6P/Kfv/+T3Z40pol/+TgAdaGZppfugQGlktEBAAAQCSAAwADCwX+gAEAAAPuByBxTu2uNu4uzgQC3hveBAfGB1A==',
  'base64',
)
