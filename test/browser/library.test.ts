import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'
import { expect, onTestFinished } from 'vitest'
import { createTamtam } from '#app/index.ts'
import { libraryBuild } from '../../scripts/library-build.ts'
import { browserTest as test } from '../harness/browser.ts'
import { temporaryDirectory } from '../harness/directory.ts'

const MOST_BYTES = 25_000

test('a page of somebody else has a room by the library: talk, files both ways, and what was said before', async ({
  open,
}) => {
  const place = await temporaryDirectory()
  await build(libraryBuild(place))
  const script = await readFile(join(place, 'tamtam.js'))
  const bytes = gzipSync(script, { level: 9 }).length
  console.log(`tamtam-room/browser: ${bytes} bytes compressed`)
  expect(bytes).toBeLessThan(MOST_BYTES)
  // Nothing is left to be asked for from elsewhere.
  expect(script.toString()).not.toMatch(/\bfrom\s*["'][^"']+["']/)

  const page = await readFile('examples/07-page.html')
  const tamtam = createTamtam()
  await tamtam.start()
  onTestFinished(() => tamtam.stop())
  const server = createServer((request, response) => {
    if (tamtam.handler.request(request, response)) return
    const isScript = request.url === '/tamtam.js'
    response.setHeader('Content-Type', isScript ? 'text/javascript' : 'text/html; charset=utf-8')
    response.end(isScript ? script : request.url === '/favicon.ico' ? '' : page)
  })
  server.on('upgrade', (request, socket, head) => {
    if (!tamtam.handler.upgrade(request, socket, head)) socket.destroy()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const address = server.address()
  const at = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`

  const clerk = await tamtam.engine.join({ room: 'shop', name: 'clerk' })
  await clerk.send({ type: 'say', text: 'we open at nine' })
  const ani = await open(`${at}/?name=ani`)
  await ani.getByText('clerk: we open at nine').waitFor()
  const budi = await open(`${at}/?name=budi`)
  await ani.getByLabel('Message').fill('halo')
  await ani.getByRole('button', { name: 'Send' }).click()
  await budi.getByText('ani: halo').waitFor()

  const menu = Buffer.from('sate\n'.repeat(500_000))
  await ani.getByLabel('File').setInputFiles({ name: 'menu.txt', mimeType: 'text/plain', buffer: menu })
  await budi.getByRole('button', { name: 'menu.txt' }).click()
  await budi.getByText(`menu.txt: ${menu.length} bytes, verified`).waitFor()
  expect(clerk.files).toMatchObject([{ status: 'whole', file: { name: 'menu.txt', size: menu.length } }])
  await expect
    .poll(() => [...(clerk.files[0]?.status === 'whole' ? clerk.files[0].received.keys() : [])])
    .toEqual(['budi'])
})
