// The first `fetch` of a process compiles its parser between connecting and asking. On a busy machine that takes so long that a host answers it as a
// silent line client (C36): no test begins with that one.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const DONE = Symbol.for('tamtam first fetch')
const worker = globalThis as { [DONE]?: true }

if (worker[DONE] === undefined) {
  worker[DONE] = true
  const server = createServer((_request, response) => response.setHeader('Connection', 'close').end())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  await (await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)).text()
  server.close()
}
