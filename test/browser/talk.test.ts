import { expect } from 'vitest'
import { browserTest as test, violations } from '../harness/browser.ts'
import { startHttpHost } from '../harness/http-client.ts'
import { comeIn, fromHeader, sees, write } from './page-visitor.ts'

test('an empty room says what to do, and how others come in: a code, a link and lines that are copied', async ({
  open,
}) => {
  const { port } = await startHttpHost({ page: true })
  const ani = await comeIn(open, port, 'ani', { checked: true })
  await ani.getByRole('heading', { name: 'Drop files anywhere on this page' }).waitFor()
  await ani.getByText('Only this machine can open this. Start with --lan.').waitFor()
  await ani.getByRole('img', { name: `QR code of http://127.0.0.1:${port}/#room=lobby` }).waitFor()
  expect(await violations(ani)).toEqual([])
  await ani.getByRole('button', { name: 'Share', exact: true }).click()
  const sheet = ani.getByRole('dialog')
  await sheet.locator('.qr path[d^=M]').waitFor()
  const lines = await sheet.locator('.copy-line code').allInnerTexts()
  expect(lines).toEqual([
    `http://127.0.0.1:${port}/#room=lobby`,
    `nc 127.0.0.1 ${port}`,
    `tamtam join http://127.0.0.1:${port}/lobby`,
    `curl -T FILE http://127.0.0.1:${port}/lobby/`,
  ])
  await sheet.getByRole('button', { name: `Copy: nc 127.0.0.1 ${port}` }).click()
  await sheet.getByText('Copied').first().waitFor()
  expect(await violations(ani)).toEqual([])
  await ani.keyboard.press('Escape')
  await write(ani, 'hello')
  await sees(ani, 'hello')
  expect(await ani.getByRole('heading', { name: 'Drop files anywhere on this page' }).count()).toBe(0)
})

test('a host with a token gives it with the link, and an invitation stays its own person’s', async ({ open }) => {
  const { port, tamtam } = await startHttpHost({ page: true, token: true })
  const ani = await open(`http://127.0.0.1:${port}/#t=${tamtam.token}&room=lobby`)
  await ani.getByLabel('Your name').fill('ani')
  await ani.keyboard.press('Enter')
  await ani.locator('main.room').waitFor()
  await ani.getByRole('button', { name: 'Share', exact: true }).click()
  await ani.getByRole('dialog').getByText(`http://127.0.0.1:${port}/#t=${tamtam.token}&room=lobby`).waitFor()
})

test('/ and @ list what there is, ArrowUp brings back what was sent, each word works, Ctrl-K goes to another room', async ({
  open,
}) => {
  const { port, tamtam } = await startHttpHost({ page: true })
  await tamtam.engine.join({ room: 'lobby', name: 'Budi' })
  await tamtam.engine.join({ room: 'kitchen', name: 'sari' })
  const ani = await comeIn(open, port, 'ani', { checked: true })
  const field = ani.locator('#message')
  await field.pressSequentially('/to')
  await ani.getByRole('option', { name: '/topic [text|off]' }).waitFor()
  expect(await violations(ani)).toEqual([])
  await ani.keyboard.press('Tab')
  await expect.poll(() => field.inputValue()).toBe('/topic ')
  await ani.keyboard.type('kopi')
  await ani.keyboard.press('Enter')
  await ani.locator('.topic').getByText('kopi').waitFor()
  await field.pressSequentially('see @bu')
  await ani.getByRole('option', { name: 'Budi' }).click()
  await expect.poll(() => field.inputValue()).toBe('see @Budi ')
  await ani.keyboard.press('Enter')
  await sees(ani, 'see @Budi')

  await field.press('ArrowUp')
  await expect.poll(() => field.inputValue()).toBe('see @Budi')
  await field.press('ArrowUp')
  await expect.poll(() => field.inputValue()).toBe('/topic kopi')
  await field.press('ArrowDown')
  await field.press('ArrowDown')
  await expect.poll(() => field.inputValue()).toBe('')
  // What is being written is not taken away.
  await field.fill('draft')
  await field.press('ArrowUp')
  expect(await field.inputValue()).toBe('draft')
  await field.fill('')

  await write(ani, '/share')
  await ani.getByRole('dialog').getByText(`nc 127.0.0.1 ${port}`).waitFor()
  await ani.keyboard.press('Escape')

  const picker = ani.waitForEvent('filechooser')
  await write(ani, '/send')
  await (await picker).setFiles({ name: 'a b.txt', mimeType: 'text/plain', buffer: Buffer.from('kopi') })
  await sees(ani, 'a b.txt')
  const download = ani.waitForEvent('download')
  await write(ani, '/get a b.txt')
  expect((await download).suggestedFilename()).toBe('a b.txt')
  await ani.context().grantPermissions(['notifications'])
  for (const [typed, told] of [
    ['/link a b.txt', 'Copied'],
    ['/get tea', 'there is no file tea'],
    ['/bell mention', 'the bell rings when somebody names you'],
    ['/bell off', 'the bell is off'],
    ['/time off', 'times are not shown'],
    ['/limit 5M', 'Limits are set at the host'],
    ['/token abc', 'open the full link'],
  ] as const) {
    await write(ani, typed)
    await ani.getByText(told).first().waitFor()
  }
  expect(await ani.locator('.timeline time').first().isVisible()).toBe(false)
  await write(ani, '/lang id')
  await ani.getByRole('button', { name: 'Bagikan', exact: true }).waitFor()
  await write(ani, '/lang en')
  await write(ani, '/files')
  await ani.getByRole('complementary', { name: 'Files' }).waitFor()
  await ani.keyboard.press('Control+k')
  await ani.keyboard.type('kit')
  await ani.keyboard.press('Enter')
  await expect.poll(() => ani.url()).toMatch(/#room=kitchen$/)
  await write(ani, '/part bye')
  await ani.getByLabel('Your name').waitFor()
})

test('code stands as it is, and is copied; C8: whom it is for is always said', async ({ open }) => {
  const { port } = await startHttpHost({ page: true })
  const [ani, budi] = [await comeIn(open, port, 'ani', { checked: true }), await comeIn(open, port, 'budi')]
  await budi.getByRole('button', { name: 'To everyone in lobby' }).waitFor()
  await write(ani, 'run `ls <b>*</b>`:\n```sh\ncd  "a b"\n\tmake\n```\nthen rest')
  await sees(budi, 'then rest')
  await expect.poll(() => budi.locator('.timeline .text code').innerText()).toBe('ls <b>*</b>')
  await expect.poll(() => budi.locator('.code pre').textContent()).toBe('cd  "a b"\n\tmake')
  await budi.getByRole('button', { name: 'Copy the code' }).click()
  await budi.locator('#message').focus()
  await budi.getByRole('button', { name: 'To everyone in lobby' }).click()
  await budi.getByRole('button', { name: 'only ani' }).click()
  await budi.getByRole('button', { name: 'To only ani' }).waitFor()
  await budi.getByLabel('Message ani privately').fill('psst')
  await budi.keyboard.press('Enter')
  await ani.locator('.whispered').getByText('only you see this').waitFor()
  expect(await violations(ani)).toEqual([])
  await fromHeader(ani, 'Leave')
  await ani.getByLabel('Your name').waitFor()
})
