import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished } from 'vitest'
import { browserTest as test, violations } from '../harness/browser.ts'

async function serve(html: string): Promise<string> {
  const server = createServer((_request, response) => {
    response.writeHead(200, {
      'Content-Type': 'text/html',
      'Content-Security-Policy': "default-src 'none'; img-src *; script-src 'none'",
    })
    response.end(html)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

test('what a page must not do is seen', async ({ open }) => {
  const faults: string[] = []
  const url = await serve(
    '<img src="http://127.0.0.2:9/x.png"><script>window.ran = true</script><p style="color: red">',
  )
  await open(url, { faults })
  for (const fault of [/asked for http:\/\/127\.0\.0\.2:9\/x\.png/, /inline script violates/, /inline style violates/])
    await expect.poll(() => faults.join('\n')).toMatch(fault)
})

test('a page that not everybody can use is seen', async ({ open }) => {
  const page = await open(await serve('<main><h1>x</h1><input>'), { checked: true, faults: [] })
  expect((await violations(page)).map((each) => each.split(':', 1)[0])).toContain('label')
})
