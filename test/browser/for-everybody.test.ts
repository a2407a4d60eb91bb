import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { browserTest as test, violations } from '../harness/browser.ts'
import { sampleBytes } from '../harness/bytes.ts'
import { temporaryDirectory } from '../harness/directory.ts'
import { sayOverHttp, startHttpHost } from '../harness/http-client.ts'
import { needs, run } from '../harness/tools.ts'
import { chooseFiles, comeIn, fromHeader, sees, write } from './page-visitor.ts'

test('everything is reached with keys alone', async ({ open }) => {
  const { port } = await startHttpHost({ page: true })
  await sayOverHttp(port, 'lobby', 'something from before\nand more of it', { as: 'cici' })
  const page = await open(`http://127.0.0.1:${port}/`)
  const focused = () => page.evaluate<string>('document.activeElement.ariaLabel || document.activeElement.textContent')
  // The form comes with its language, and has the focus then.
  await expect.poll(() => page.evaluate<string>('document.activeElement.name')).toBe('name')
  await page.keyboard.type('ani')
  await page.keyboard.press('Enter')
  await page.locator('main.room').waitFor()
  // One comes to write without doing anything; the page's first stop leads there as well.
  await expect.poll(focused).toBe('Message lobby')
  await page.keyboard.type('written by keys')
  await page.keyboard.press('Enter')
  await sees(page, 'written by keys')
  const reach = async (name: string, key = 'Shift+Tab') => {
    for (let presses = 0; presses < 40 && (await focused()).trim() !== name; presses++) await page.keyboard.press(key)
    expect((await focused()).trim()).toBe(name)
  }
  await reach('Skip to the message field')
  await page.keyboard.press('Enter')
  await expect.poll(focused).toBe('Message lobby')

  // Up in the list of messages, to one that is answered.
  await reach('Messages in lobby')
  await page.keyboard.press('ArrowUp')
  await page.keyboard.press('ArrowUp')
  expect(await focused()).toContain('and more of it')
  await reach('Reply to cici', 'Tab')
  await page.keyboard.press('Enter')
  await expect.poll(focused).toBe('Message lobby')
  await page.keyboard.type('indeed')
  await page.keyboard.press('Enter')
  await page.locator('blockquote').getByText('cici: and more of it').waitFor()

  // Search, and to where it was said; a dialog gives the focus back to what opened it.
  await reach('Search')
  await page.keyboard.press('Enter')
  // Whoever types at once loses no letter, though the dialog is loaded only now.
  await page.keyboard.type('before')
  await page.keyboard.press('Enter')
  await expect.poll(focused).toBe('Words or file names')
  await page.getByText('1 found').waitFor()
  await reach('Close')
  await page.keyboard.press('Escape')
  await expect.poll(focused).toBe('Search')
  await reach('Add a topic')
  await page.keyboard.press('Enter')
  await page.keyboard.type('kopi')
  await page.keyboard.press('Enter')
  await page.locator('.topic').getByText('kopi').waitFor()
  await reach('New room')
  await page.keyboard.press('Enter')
  await page.keyboard.type('tea')
  await page.keyboard.press('Enter')
  await expect.poll(() => page.url()).toMatch(/#room=tea$/)
  await expect.poll(focused).toBe('Message tea')
})

test('on a narrow screen, in the dark and in Indonesian, everything has its place and nobody is left out', async ({
  open,
}) => {
  const { port, tamtam } = await startHttpHost({ page: true })
  const guest = await tamtam.engine.join({ room: 'lobby', name: 'n'.repeat(32) })
  await guest.send({ type: 'say', text: `${'w'.repeat(200)} https://example.org/${'a'.repeat(300)}` })
  await guest.send({ type: 'setTopic', topic: 'Ruang ini untuk rapat pagi, dan untuk semua yang datang terlambat' })
  const page = await open(`http://127.0.0.1:${port}/`, {
    checked: true,
    locale: 'id-ID',
    colorScheme: 'dark',
    viewport: { width: 320, height: 568 },
  })
  const fits = async () => {
    const wider = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'
    expect(await page.evaluate<number>(wider)).toBe(0)
    expect(await violations(page)).toEqual([])
  }
  await expect.poll(() => page.evaluate('document.documentElement.lang')).toBe('id')
  await page.getByLabel('Nama Anda').waitFor()
  await fits()
  await page.getByLabel('Nama Anda').fill('siti')
  await page.getByRole('button', { name: 'Masuk' }).click()
  await sees(page, /www/)
  await write(page, 'halo')
  await fits()
  await page.getByRole('button', { name: /^Berkas \d/ }).click()
  await page.getByText('Belum ada berkas').waitFor()
  await fits()
  await page.getByRole('button', { name: /^Orang \d/ }).click()
  await page.locator('.self').getByText('siti').waitFor()
  await fits()
  await page.locator('.people').getByRole('button', { name: /^n+/ }).click()
  await page.getByRole('button', { name: 'Pesan pribadi' }).waitFor()
  await fits()
  await page.getByRole('button', { name: 'Pesan pribadi' }).click()
  await page.getByLabel(/^Pesan pribadi kepada/).waitFor()
  await fits()
  await page.getByRole('button', { name: 'Cari' }).click()
  await page.getByLabel('Kata atau nama berkas').fill('halo')
  await page.keyboard.press('Enter')
  await page.getByText('1 ditemukan').waitFor()
  await fits()
  await page.keyboard.press('Escape')
  await fromHeader(page, 'Pengaturan', 'Lainnya')
  await page.getByLabel('Tampilan').selectOption('light')
  await fits()
  await page.getByLabel('Bahasa').selectOption('en')
  await page.keyboard.press('Escape')
  await fromHeader(page, 'Help')
  await page.getByText('/msg name text').waitFor()
  await fits()
  // As it was left.
  await page.reload()
  await page.getByLabel('Message lobby').waitFor()
  await expect.poll(() => page.evaluate('document.documentElement.dataset.theme')).toBe('light')
})

test('zoomed in to 400 %, on 320 px, without its own colours, without motion and from right to left everything can be reached; a reader reads the code', async ({
  open,
}) => {
  needs('zbarimg')
  const { port, tamtam } = await startHttpHost({ page: true, limits: { transferBytesPerSecond: 1_000_000 } })
  const owner = await tamtam.engine.join({ room: 'lobby', name: 'host', role: 'owner' })
  const page = await comeIn(open, port, 'ani', { checked: true, viewport: { width: 320, height: 568 } })
  await owner.send({ type: 'op', name: 'ani' })
  await owner.send({ type: 'startCollection' })
  await owner.send({ type: 'say', text: 'مرحبا' })
  const directory = await temporaryDirectory()
  const film = join(directory, 'a name that is longer than its place.mp4')
  await writeFile(film, sampleBytes(30_000_000))
  await chooseFiles(page, [film])
  await page.locator('.transfer-bar').getByText(/B\/s/).waitFor()
  /** What is out of reach: to the side, or below where nothing scrolls. */
  const outside = `(() => {
    const { clientWidth: wide, scrollWidth } = document.documentElement
    const things = [...document.querySelectorAll('button, a, input, select, textarea, .copy-line, table')]
    const shown = things.filter((each) => each.checkVisibility() && each.closest('.unseen, .skip, [hidden]') === null)
    const beside = shown.filter((each) => {
      const { left, right } = each.getBoundingClientRect()
      return left < 0 || right > wide
    })
    return [scrollWidth - wide, ...beside.map(({ outerHTML }) => outerHTML)]
  })()`
  const fits = async () => {
    for (const height of [200, 568]) {
      await page.setViewportSize({ width: 320, height })
      expect(await page.evaluate(outside)).toEqual([0])
    }
  }
  await fits()
  const messageField = page.locator('#message')
  await page.setViewportSize({ width: 320, height: 200 })
  await messageField.scrollIntoViewIfNeeded()
  expect((await messageField.boundingBox())?.y).toBeLessThan(200 - 24)
  await page.getByRole('button', { name: /^Files \d/ }).click()
  await page.getByText('Not yet: ').or(page.getByText('Nobody has been here')).waitFor()
  await fits()
  const moves = () =>
    page
      .locator('.tabs button')
      .first()
      .evaluate((each) => getComputedStyle(each).transitionDuration)
  expect(await moves()).not.toBe('0s')
  await page.emulateMedia({ forcedColors: 'active', reducedMotion: 'reduce' })
  expect(await moves()).toBe('0s')
  await page.getByRole('button', { name: /^Talk/ }).click()
  const bar = page.locator('.transfer-bar progress')
  // Lines that are drawn as backgrounds stay to be seen.
  expect(await bar.evaluate((each) => getComputedStyle(each).backgroundColor)).not.toBe('rgb(255, 255, 255)')
  await fromHeader(page, 'Manage room')
  await page.getByRole('switch', { name: 'Locked', exact: true }).waitFor()
  await fits()
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Share', exact: true }).click()
  const code = page.getByRole('dialog').locator('.qr')
  await code.locator('path[d^=M]').waitFor()
  await fits()
  // As in a browser that translates the page: the whole of it turns around, and code does not.
  await page.evaluate("document.documentElement.dir = 'rtl'")
  await fits()
  await page.setViewportSize({ width: 1280, height: 568 })
  const rightOf = async (selector: string) => {
    const box = await page.locator(selector).first().boundingBox()
    return (box?.x ?? 0) + (box?.width ?? 0)
  }
  expect(await rightOf('.side')).toBe(1280)
  expect(await rightOf('.side .marks')).toBeLessThan(await rightOf('.side .face'))
  expect(
    await page
      .locator('.copy-line code')
      .first()
      .evaluate((each) => getComputedStyle(each).direction),
  ).toBe('ltr')
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    const picture = join(directory, `${colorScheme}.png`)
    await code.screenshot({ path: picture })
    expect(run('zbarimg', '--nodbus', '--quiet', '--raw', picture).trim()).toBe(`http://127.0.0.1:${port}/#room=lobby`)
  }
})
