import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { browserTest as test } from '../harness/browser.ts'
import { putFile } from '../harness/files.ts'
import { startHttpHost } from '../harness/http-client.ts'
import { comeIn } from './page-visitor.ts'

const SCRIPT = '<script>parent.pwned = pwned = true</script>'
const SVG = `<svg xmlns="http://www.w3.org/2000/svg" onload="pwned = true">${SCRIPT}</svg>`
/** A picture to a browser that looks for one, a script to one that looks for that. */
const POLYGLOT = `GIF89a=1;pwned=true;//${'\0'.repeat(40)}`
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

const pwned = (page: Page) => page.evaluate(() => 'pwned' in globalThis)

test('C96, C97, C98: hostile names and contents of files are shown as what they are, and nothing of them runs', async ({
  open,
}) => {
  const { port } = await startHttpHost({ page: true })
  const names = [
    '<img src=x onerror=pwned=true>.txt',
    '"onmouseover="pwned=true.txt',
    'javascript:pwned=true',
    'gnp.\u202egpj.exe',
    `a'b\`\${pwned=true}.pdf`,
    'x'.repeat(180),
  ]
  for (const name of names) await putFile(port, name, `${SCRIPT} ${name}`)
  for (const name of ['page.html', 'drawing.svg', 'feed.xml']) await putFile(port, name, SVG)
  await putFile(port, 'drawing.png', SVG)
  await putFile(port, 'both.gif', POLYGLOT)
  await putFile(port, 'dot.png', PNG)
  const page = await comeIn(open, port, 'ani')
  const shown = page.locator('.files-panel .file-name')
  await expect.poll(() => shown.count()).toBe(names.length + 6)
  const texts = await shown.allTextContents()
  expect(texts).toContain('_img src=x onerror=pwned=true_.txt')
  expect(texts.join('\n')).not.toMatch(/[\u202a-\u202e]/)
  // One picture is one; another is SVG under another's name.
  await page.locator('.picture img[alt="Picture: dot.png"]').waitFor()
  await page.getByText('its content does not match its name').waitFor()
  const show = page.getByRole('button', { name: /^Show the text/ })
  for (const each of await show.all()) await each.click()
  await page.getByText(`${SCRIPT} ${names[0]}`).first().waitFor()
  await page.locator('.picture img[alt="Picture: drawing.svg"]').waitFor()
  expect(
    await page.locator(':is(.files, .files-panel) :is(script, svg:not(.icon), iframe, object, embed)').count(),
  ).toBe(0)
  expect(await pwned(page)).toBe(false)
})

test('C97: what a browser opens by its address is saved, not shown, unless it is a picture', async ({ open }) => {
  const { port } = await startHttpHost({ page: true })
  for (const name of ['page.html', 'drawing.svg', 'both.gif']) {
    const { url } = await putFile(port, name, name === 'both.gif' ? POLYGLOT : `${SVG}<!-- ${name} -->`)
    const faults: string[] = []
    const page = await open(`http://127.0.0.1:${port}/`, { faults })
    const saving = name === 'both.gif' ? undefined : page.waitForEvent('download')
    // A navigation that becomes a download is one that failed.
    await page
      .goto(`http://127.0.0.1:${port}${url}`)
      .catch((error: Error) => expect(error.message).toContain('Download'))
    await saving
    expect(await pwned(page)).toBe(false)
    // The viewer of pictures that Chromium has asks for styles of its own, and does not get them here.
    expect(faults.filter((fault) => !fault.includes('Applying inline style violates'))).toEqual([])
  }
})
