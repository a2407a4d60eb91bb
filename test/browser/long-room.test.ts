import { expect } from 'vitest'
import { browserTest as test } from '../harness/browser.ts'
import { sayOverHttp, startHttpHost } from '../harness/http-client.ts'
import { textsIn } from './page-visitor.ts'

const MESSAGES = 10_000
/** As they are sent, compressed. */
const MOST_SCRIPT_BYTES = 75_000
/** Rows that may be in the page at once; it keeps 400 entries, and marks days. */
const MOST_ROWS = 450
/** How far what is read may move on the screen when more comes above it. */
const MOVED_PX = 2

/** Something of varying height, so that nothing that counts in rows gets away with it. */
const text = (nr: number) => `nr ${nr} ${'and so on '.repeat(nr % 40)}`.trim()

test('a room of 10 000 messages is there at once, and can be read to its beginning without the page growing', async ({
  open,
}) => {
  const { port } = await startHttpHost({ page: true, stores: 'kept' })
  const lines = Array.from({ length: MESSAGES }, (_, at) => text(at + 1))
  for (let at = 0; at < MESSAGES; at += 250)
    await sayOverHttp(port, 'lobby', lines.slice(at, at + 250).join('\n'), { as: 'cici' })

  const page = await open(`http://127.0.0.1:${port}/`)
  const { usable } = JSON.parse(
    await page.evaluate<string>(
      'JSON.stringify({ usable: performance.getEntriesByType("navigation")[0].domInteractive })',
    ),
  )
  await page.locator('input[name=name]').fill('ani')
  const from = performance.now()
  await page.locator('button[type=submit]').click()
  await expect.poll(async () => (await textsIn(page)).length, { interval: 10 }).toBeGreaterThanOrEqual(50)
  console.log(
    `usable page: ${Math.round(usable)} ms; first 50 of ${MESSAGES} messages: ${Math.round(performance.now() - from)} ms`,
  )
  expect((await textsIn(page)).at(-1)).toBe(text(MESSAGES))
  const bytes = await page.evaluate<number>(
    'performance.getEntriesByType("resource").filter(({ name }) => name.endsWith(".js")).reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0)',
  )
  expect(bytes).toBeGreaterThan(1000)
  expect(bytes).toBeLessThan(MOST_SCRIPT_BYTES)

  // Up to the first one, as somebody with a wheel; all is seen, in order, and what is on the screen stays there.
  const seen = new Set<number>()
  let [rows, moved] = [0, 0]
  const scroll = (to: 'up' | 'down') => page.evaluate<Look>(`(${look})(${to === 'up' ? -1 : 1})`)
  for (let turns = 0; turns < 3000 && !seen.has(1); turns++) {
    const found = await scroll('up')
    for (const nr of found.numbers) seen.add(nr)
    rows = Math.max(rows, found.rows)
    moved = Math.max(moved, found.moved)
    expect(found.numbers).toEqual(found.numbers.toSorted((one, other) => one - other))
  }
  expect(seen.size).toBe(MESSAGES)
  expect(rows).toBeLessThan(MOST_ROWS)
  expect(moved).toBeLessThanOrEqual(MOVED_PX)
  console.log(`at most ${rows} rows at once; what was read moved by at most ${moved} px`)

  // News are counted meanwhile, and one jump leads to them.
  await sayOverHttp(port, 'lobby', 'news', { as: 'cici' })
  await page.getByRole('button', { name: '1 new message below' }).click()
  await page.locator('.timeline').getByText('news', { exact: true }).waitFor()
  expect((await scroll('down')).rows).toBeLessThan(MOST_ROWS)
  const bottom = 'document.querySelector(".scroller").scrollHeight - document.querySelector(".scroller").scrollTop'
  await expect
    .poll(() => page.evaluate<number>(`${bottom} - document.querySelector(".scroller").clientHeight`))
    .toBeLessThan(MOVED_PX)
  // From a place in the middle down again, page by page.
  await page.getByRole('button', { name: 'Search' }).click()
  await page.locator('dialog input').waitFor()
  await expect.poll(() => page.evaluate<string>('document.activeElement.tagName')).toBe('INPUT')
  await page.keyboard.type('9000')
  await page.keyboard.press('Enter')
  await page.locator('.hits button').first().click()
  await page.locator('.found').getByText('nr 9000').waitFor()
  seen.clear()
  for (let turns = 0; turns < 3000 && !seen.has(MESSAGES); turns++) {
    const found = await scroll('down')
    for (const nr of found.numbers) seen.add(nr)
    rows = Math.max(rows, found.rows)
  }
  for (let nr = 9000; nr <= MESSAGES; nr++) expect(seen.has(nr)).toBe(true)
  expect(rows).toBeLessThan(MOST_ROWS)
})

interface Look {
  /** The messages that are in the page. */
  readonly numbers: readonly number[]
  readonly rows: number
  /** How far a row moved that had nothing to do with the scrolling. */
  readonly moved: number
}

/** Scrolls by ten screens; answers once the page has read on, if it did. Runs in the page. */
const look = `async (direction) => {
  const scroller = document.querySelector('.scroller')
  const step = direction * scroller.clientHeight * 10
  scroller.scrollTop += step
  const edge = scroller.getBoundingClientRect().top
  const rows = () => [...scroller.querySelectorAll('li.row')]
  const row = rows().find((each) => each.getBoundingClientRect().bottom > edge)
  const key = row?.dataset.key
  const before = row?.getBoundingClientRect().top ?? 0
  await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 30)))
  const after = scroller.querySelector('[data-key="' + key + '"]')?.getBoundingClientRect().top ?? before
  return {
    numbers: rows().map((each) => Number(/nr (\\d+)/.exec(each.textContent)?.[1] ?? 0)).filter((nr) => nr > 0),
    rows: scroller.querySelectorAll('li').length,
    moved: Math.abs(after - before),
  }
}`
