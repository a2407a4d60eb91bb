import { expect } from 'vitest'
import { browserTest as test, violations } from '../harness/browser.ts'
import { sayOverHttp, startHttpHost } from '../harness/http-client.ts'
import { fromHeader, sees, write } from './page-visitor.ts'

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
  await fits()
  await expect.poll(() => page.evaluate('document.documentElement.lang')).toBe('id')
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
