import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import type { DropLink } from '#domain/room/room-access.ts'
import { browserTest as test } from '../harness/browser.ts'
import { temporaryDirectory } from '../harness/directory.ts'
import { startHttpHost } from '../harness/http-client.ts'
import { chooseFiles, fromHeader, sees, write } from './page-visitor.ts'

/** The addresses that a page asks for from now on. */
function asked(page: Page): string[] {
  const paths: string[] = []
  page.on('request', (request) => paths.push(new URL(request.url()).pathname))
  page.on('websocket', (socket) => paths.push(new URL(socket.url()).pathname))
  return paths
}

const outside = (paths: readonly string[]) => paths.filter((path) => !/^\/(?:chat|favicon\.ico$)/.test(path))

test('the pages of a host below a path ask for nothing outside of it, and their links are below it', async ({
  open,
}) => {
  const { port, tamtam } = await startHttpHost({ page: true, stores: 'kept', http: { basePath: '/chat' } })
  const owner = await tamtam.engine.join({ room: 'lobby', name: 'guru', role: 'owner' })
  const at = `http://127.0.0.1:${port}`
  const page = await open(`${at}/chat`)
  expect(page.url()).toMatch(/^http:\/\/[^/]+\/chat\/(?:#|$)/)
  const paths = asked(page)
  await page.reload()
  await page.locator('input[name=name]').fill('ani')
  await page.locator('button[type=submit]').click()
  await page.locator('main.room').waitFor()
  await write(page, 'halo')
  await sees(page, 'halo')
  const file = join(await temporaryDirectory(), 'a.txt')
  await writeFile(file, 'some text to look at')
  await chooseFiles(page, [file])
  // The digest of the browser's worker is shown; the preview is fetched.
  await sees(page, 'a.txt')
  await expect.poll(() => owner.files.map(({ status }) => status)).toEqual(['whole'])
  await sees(page, 'some text to look at')
  await fromHeader(page, 'Share')
  for (const link of [`${at}/chat/#room=lobby`, `tamtam join ${at}/chat/lobby`, `curl -T FILE ${at}/chat/lobby/`])
    await page.getByText(link, { exact: true }).first().waitFor()
  expect(paths).toContain('/chat/ws')
  expect(paths.some((path) => path.startsWith('/chat/files/'))).toBe(true)
  expect(outside(paths)).toEqual([])

  const { path } = (await tamtam.roomAccess(owner).addDropLink()) as DropLink
  expect(path).toMatch(/^\/chat\/drop\/\w+\/$/)
  for (const address of [path, path.slice(0, -1)]) {
    const drop = await open(`${at}${address}`)
    const itsPaths = asked(drop)
    await drop.locator('input[type=file]').setInputFiles(file)
    await drop.getByLabel('Your name').fill('budi')
    await drop.getByRole('button', { name: 'Hand in' }).click()
    await drop.getByText('has arrived').waitFor()
    expect(itsPaths.length).toBeGreaterThan(0)
    expect(outside(itsPaths)).toEqual([])
  }
  const status = await open(`${at}/chat/status`, { faults: [] })
  const itsPaths = asked(status)
  await status.reload()
  await status.locator('h1, h2').first().waitFor()
  expect(outside(itsPaths)).toEqual([])
})
