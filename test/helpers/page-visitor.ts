import type { Page } from 'playwright-core'
import type { Open, Visit } from './browser.ts'

/** Comes into a room through the page, as a person does. */
export async function comeIn(
  open: Open,
  port: number,
  name: string,
  visit: Visit & { room?: string } = {},
): Promise<Page> {
  const { room = 'lobby', ...rest } = visit
  const page = await open(`http://127.0.0.1:${port}/#room=${room}`, rest)
  await page.locator('input[name=name]').fill(name)
  await page.locator('button[type=submit]').click()
  await page.locator('main.room').waitFor()
  return page
}
