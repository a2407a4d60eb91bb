import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { type IncomingMessage, request as requestHttp } from 'node:http'
import { Agent, request } from 'node:https'
import { connect as connectTcp } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { connect, type Tamtam } from '#app/index.ts'
import { Processes } from '../../../bench/run/processes.ts'
import { pathOf } from '../../../bench/run/tools.ts'
import { CliProcess } from '../../harness/cli-process.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { startHost } from '../../harness/host.ts'
import { until } from '../../harness/patience.ts'
import { newIdentity, noKnownHosts } from '../../harness/tls.ts'
import { needs } from '../../harness/tools.ts'

const PAGE = readFileSync(new URL('../../../docs/how-to/behind-a-proxy.md', import.meta.url), 'utf8')
const recipeOf = (language: string) => new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, 'm').exec(PAGE)?.[1] ?? ''

/** Not the address of the proxy, which is on this machine as well. */
const CLIENT = '127.0.0.9'
const MB = 1_000_000
const UPLOAD_MB = Number(process.env['PROXY_MB'] ?? 200)

interface Proxy {
  readonly port: number
  readonly tamtam: Tamtam
  /** `https://localhost:PORT/chat`. */
  readonly base: string
}

/** A recipe of the page with addresses and files of this test in it. */
function adapted(recipe: string, changes: readonly (readonly [string, string])[]): string {
  let adapted = recipe
  for (const [from, to] of changes) {
    expect(adapted).toContain(from)
    adapted = adapted.replaceAll(from, to)
  }
  return adapted
}

async function behind(name: 'nginx' | 'caddy'): Promise<Proxy> {
  needs(name)
  const directory = await temporaryDirectory()
  const { cert, key } = await newIdentity()
  const [certFile, keyFile] = [join(directory, 'cert.pem'), join(directory, 'key.pem')]
  writeFileSync(certFile, cert)
  writeFileSync(keyFile, key)
  const host = await startHost({
    stores: 'kept',
    page: true,
    http: { basePath: '/chat', hostNames: ['localhost'] },
    listen: { trustProxy: ['127.0.0.1'] },
  })
  const processes = new Processes(directory)
  const upstream = ['127.0.0.1:8268', `127.0.0.1:${host.port}`] as const
  const { port, stop } = await processes.serveOther((port) => {
    const file = join(directory, 'config')
    if (name === 'caddy') {
      const site = `https://localhost:${port} {\n    tls ${certFile} ${keyFile}\n`
      const global = `{\n    admin off\n    auto_https disable_redirects\n    storage file_system ${directory}\n}\n`
      writeFileSync(file, global + adapted(recipeOf('caddyfile'), [['chat.example.org {\n', site], upstream]))
      return ['caddy', 'run', '--adapter', 'caddyfile', '--config', file]
    }
    const recipe = adapted(recipeOf('nginx'), [
      ['listen 443 ssl', `listen 127.0.0.1:${port} ssl`],
      ['/etc/ssl/chat.example.org.pem', certFile],
      ['/etc/ssl/chat.example.org.key', keyFile],
      upstream,
    ])
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      .map((kind) => `${kind}_temp_path ${directory}/${kind};`)
      .join(' ')
    const user = process.getuid?.() === 0 ? 'user root;' : ''
    const head = `daemon off; master_process off; ${user} pid ${directory}/pid; events {}`
    writeFileSync(file, `${head}\nhttp { access_log off; ${temporary}\n${recipe}}\n`)
    return [pathOf('nginx') ?? 'nginx', '-p', directory, '-c', file, '-e', 'stderr']
  })
  onTestFinished(stop)
  return { port, tamtam: host.tamtam, base: `https://localhost:${port}/chat` }
}

interface Asking {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string | number>>
  readonly body?: string
}

function begin({ base }: Proxy, path: string, { method = 'GET', headers = {} }: Asking = {}) {
  const url = path.startsWith('https:') ? path : new URL(path, base).href
  const options = { method, headers, rejectUnauthorized: false, localAddress: CLIENT, agent: new Agent() }
  return request(url, options)
}

async function ask(proxy: Proxy, path: string, asking: Asking = {}) {
  const sent = begin(proxy, path, asking)
  sent.end(asking.body)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  return { status: response.statusCode, headers: response.headers, text: await text(response) }
}

const TUS = { 'Tus-Resumable': '1.0.0' }

/** Sends a large file in two pieces, over two connections: what the first had sent is there while it is still under way. */
async function uploadInTwo(proxy: Proxy): Promise<void> {
  const { tamtam } = proxy
  const size = UPLOAD_MB * MB
  const created = await ask(proxy, '/chat/rooms/lobby/files', {
    method: 'POST',
    headers: { ...TUS, 'Upload-Length': size, 'Upload-Metadata': `filename ${btoa('large.bin')}` },
  })
  expect([created.status, created.headers.location]).toEqual([201, expect.stringMatching(/^\/chat\/files\/\w+$/)])
  const file = String(created.headers.location)
  let arrived = 0
  const watch = tamtam.engine.transfers[0]?.events$.subscribe((event) => {
    if (event.type === 'progressed') arrived = event.bytes
  })
  onTestFinished(() => watch?.unsubscribe())
  const patch = (offset: number) =>
    begin(proxy, file, {
      method: 'PATCH',
      headers: {
        ...TUS,
        'Upload-Offset': offset,
        'Content-Type': 'application/offset+octet-stream',
        'Content-Length': size - offset,
      },
    })
  const piece = Buffer.alloc(MB, 'x')
  const write = async (to: ReturnType<typeof patch>, pieces: number) => {
    for (let count = 0; count < pieces; count++) if (!to.write(piece)) await once(to, 'drain')
  }
  const first = patch(0)
  first.on('error', () => {})
  const half = Math.floor(UPLOAD_MB / 2)
  await write(first, half)
  // Not buffered on the way: it comes while the request goes on.
  await until('much of the first half', () => arrived >= (half / 2) * MB)
  first.destroy()
  await until('the cut', () => tamtam.engine.transfers[0]?.status === 'paused')
  const { headers } = await ask(proxy, file, { method: 'HEAD', headers: TUS })
  const offset = Number(headers['upload-offset'])
  expect(offset).toBeGreaterThanOrEqual((half / 2) * MB)
  const second = patch(offset)
  second.write(piece.subarray(0, MB - (offset % MB)))
  await write(second, UPLOAD_MB - Math.ceil((offset + 1) / MB))
  second.end()
  const [done] = (await once(second, 'response')) as [IncomingMessage]
  expect([done.statusCode, Number(done.headers['upload-offset'])]).toEqual([204, size])
}

/** A stream is passed on as it is written. */
async function follow(proxy: Proxy, type: string): Promise<void> {
  const sent = begin(proxy, '/chat/rooms/lobby/events', { headers: { Accept: type } })
  sent.end()
  const [stream] = (await once(sent, 'response')) as [IncomingMessage]
  let seen = ''
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    seen += chunk
  })
  stream.on('error', () => {})
  await ask(proxy, '/chat/rooms/lobby/messages', { method: 'POST', body: `as ${type}` })
  await until(`an event of ${type}`, () => seen.includes(`as ${type}`))
  expect(stream.complete).toBe(false)
  sent.destroy()
}

test('the recipe for HAProxy: lines, HTTP and IRC by one port, and addresses of clients', async () => {
  needs('haproxy')
  const directory = await temporaryDirectory()
  const host = await startHost({ listen: { trustProxy: ['127.0.0.1'] } })
  const { port, stop } = await new Processes(directory).serveOther((port) => {
    const file = join(directory, 'config')
    const changes = [['bind :8268', `bind 127.0.0.1:${port}`] as const, [':8269', `:${host.port}`] as const]
    writeFileSync(file, adapted(recipeOf('haproxy'), changes))
    return ['haproxy', '-f', file]
  })
  onTestFinished(stop)
  const typed = async (input: string) => {
    const socket = connectTcp({ port, host: '127.0.0.1', localAddress: CLIENT, allowHalfOpen: true })
    socket.end(input)
    return await text(socket)
  }
  // Its input has ended before the answer comes.
  expect(await typed('halo\n/quit\n')).toContain(`you are ${CLIENT} in lobby`)
  expect(await typed('NICK budi\r\nUSER b 0 * :b\r\nQUIT\r\n')).toContain(' 001 budi ')
  const asked = requestHttp({ port, host: '127.0.0.1', localAddress: CLIENT, path: '/rooms/lobby/events' }).end()
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  expect(JSON.parse(await text(answer)).events).toMatchObject([{ by: { name: CLIENT }, text: 'halo' }])
})

test.each(['nginx', 'caddy'] as const)(
  'the recipe for %s: page, chat by WebSocket, a large upload that is resumed, streams, commands, and addresses of clients',
  async (name) => {
    const proxy = await behind(name)
    const { base, tamtam } = proxy
    const owner = await tamtam.engine.join({ room: 'lobby', name: 'guru', role: 'owner' })
    const page = await ask(proxy, '/chat/')
    const [, script = ''] = /<script[^>]* src="([^"]+)"/.exec(page.text) ?? []
    expect([page.status, script]).toEqual([200, expect.stringMatching(/^\/chat\/assets\//)])
    expect((await ask(proxy, script)).status).toBe(200)
    expect(new URL(String((await ask(proxy, '/chat')).headers.location), base).pathname).toBe('/chat/')
    expect((await ask(proxy, '/chat/status')).status).toBe(404)

    const ani = await connect(`${base.replace('//', '//ani@')}/lobby`, { knownHosts: await noKnownHosts() })
    onTestFinished(() => ani.close())
    expect(await ani.send({ type: 'say', text: 'by WebSocket' })).toMatchObject({ type: 'ack' })
    const origin = { Origin: new URL(base).origin }
    const said = { method: 'POST', headers: origin, body: 'by a page' }
    expect((await ask(proxy, '/chat/rooms/lobby/messages', said)).status).toBe(201)
    expect(
      (await ask(proxy, '/chat/rooms/lobby/messages', { ...said, headers: { Origin: 'https://evil.example' } })).status,
    ).toBe(403)
    const spoken = (await owner.history(20)).flatMap((each) =>
      each.type === 'said' ? [[each.by.name, each.text]] : [],
    )
    expect(spoken).toEqual([
      ['ani', 'by WebSocket'],
      [CLIENT, 'by a page'],
    ])

    await follow(proxy, 'text/event-stream')
    await follow(proxy, 'application/x-ndjson')
    await uploadInTwo(proxy)

    const cwd = await temporaryDirectory()
    writeFileSync(join(cwd, 'small.txt'), 'small')
    const env = { XDG_CONFIG_HOME: cwd }
    const sent = await CliProcess.run(['send', `${base}/lobby`, 'small.txt'], { cwd, env })
    expect([sent.code, sent.out.toString()]).toEqual([0, expect.stringContaining(`${base}/files/`)])
    expect((await ask(proxy, sent.out.toString().trim())).text).toBe('small')
  },
)
