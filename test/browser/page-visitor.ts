import type { Page } from 'playwright-core'
import type { Open, Visit } from '../harness/browser.ts'

/** Comes into a room through the page, as a person does. */
export async function comeIn(
  open: Open,
  port: number,
  name: string,
  visit: Visit & { readonly room?: string } = {},
): Promise<Page> {
  const { room = 'lobby', ...rest } = visit
  const page = await open(`http://127.0.0.1:${port}/#room=${room}`, rest)
  await page.locator('input[name=name]').fill(name)
  await page.locator('button[type=submit]').click()
  await page.locator('main.room').waitFor()
  return page
}

export const chooseFiles = (page: Page, paths: readonly string[]): Promise<void> =>
  page
    .locator('.file-buttons input[type=file]')
    .first()
    .setInputFiles([...paths])

/** Drags files of this machine over the page, where `over` may look at it, and drops them. */
export async function dropFiles(page: Page, paths: readonly string[], over: () => Promise<void>): Promise<void> {
  const input = await page.evaluateHandle(() => {
    const made = document.createElement('input')
    made.type = 'file'
    made.multiple = true
    return made
  })
  await input.setInputFiles([...paths])
  const dragged = await input.evaluateHandle(({ files }) => {
    const data = new DataTransfer()
    for (const file of files ?? []) data.items.add(file)
    return data
  })
  const drag = (type: string) =>
    dragged.evaluate((dataTransfer, event) => {
      const target = document.body
      target.dispatchEvent(new DragEvent(event, { dataTransfer, bubbles: true, cancelable: true }))
    }, type)
  await drag('dragenter')
  await drag('dragover')
  await over()
  await drag('drop')
}

/** Drags files and folders of this machine into the window and drops them, as the system does: only so has a page folders. */
export async function dropFromDesktop(page: Page, paths: readonly string[]): Promise<void> {
  const session = await page.context().newCDPSession(page)
  const data = { items: [], files: [...paths], dragOperationsMask: 1 }
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
    await session.send('Input.dispatchDragEvent', { type, x: 200, y: 200, data })
  await session.detach()
}

/** Types a line into the message field, and sends it. */
export async function write(page: Page, line: string): Promise<void> {
  await page.locator('#message').fill(line)
  await page.locator('#message').press('Enter')
}

/** The texts of messages as they stand in the timeline, those that the room does not have yet among them. */
export const textsIn = (page: Page): Promise<readonly string[]> => page.locator('.timeline .row .text').allInnerTexts()

/** Waits until something stands in the timeline. */
export const sees = (page: Page, text: string | RegExp): Promise<void> =>
  page.locator('.timeline').getByText(text).first().waitFor()

/** Chooses an item of the menu about a person in the list of people. */
export async function aboutPerson(page: Page, name: string, item: string): Promise<void> {
  await page.locator('.people').getByRole('button', { name }).click()
  await page.getByRole('button', { name: item, exact: true }).click()
}

/** Chooses an item of the menu in the room's header. */
export async function fromHeader(page: Page, item: string, menu = 'More'): Promise<void> {
  await page.getByRole('button', { name: menu, exact: true }).click()
  await page.getByRole('button', { name: item, exact: true }).click()
}

/** Chooses an item of the menu about a file in the timeline. */
export async function aboutFile(page: Page, file: string, item: string): Promise<void> {
  await page
    .locator('.timeline')
    .getByRole('button', { name: `More about: ${file}` })
    .click()
  await page.getByRole('button', { name: `${item}: ${file}` }).click()
}
