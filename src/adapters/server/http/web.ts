import { createHash } from 'node:crypto'
import { extname } from 'node:path'
import type { FastifyReply } from 'fastify'
import { checkRoomName } from '#domain/names/room-name.ts'
import { statusOf } from '#protocol/errors.ts'
import { readShipped, shippedIn } from '#system/files/shipped.ts'
import type { Exchange, HttpContext, Route } from './auth.ts'
import { notFound, type Refusal, refuse } from './errors.ts'
import { isKnown } from './files/headers.ts'
import { paramsOf } from './input.ts'
import { canBeRead } from './settings.ts'

export async function getHealth({ context, reply }: Exchange): Promise<object> {
  const { refuses = false, message } = context.health() ?? {}
  if (message === undefined) return { status: 'ok' }
  // It still serves, and a supervisor that restarts it after another status than 200 would mend nothing.
  if (!refuses) return { status: 'degraded', message }
  const code = 'READ_ONLY'
  return reply.code(statusOf(code)).header('Tamtam-Code', code).send({ status: 'degraded', code, message })
}

/** Whether a load balancer should send clients here. */
export async function getReadiness({ context, reply }: Exchange): Promise<object> {
  const message = context.unready()
  if (message === undefined) return { status: 'ok' }
  const code = 'READ_ONLY'
  return reply.code(statusOf(code)).header('Tamtam-Code', code).send({ status: 'degraded', code, message })
}

/** Counters and gauges in the text format of Prometheus. */
export async function getMetrics({ context: { engine, metrics }, reply }: Exchange): Promise<FastifyReply> {
  if (!canBeRead(metrics)) return refuse(reply, notFound)
  const rooms = await engine.rooms()
  const total = (count: (room: (typeof rooms)[number]) => number) => rooms.reduce((sum, room) => sum + count(room), 0)
  metrics.gauge('rooms', rooms.length)
  metrics.gauge(
    'members',
    total(({ members }) => members),
  )
  metrics.gauge(
    'entries',
    total(({ last }) => last),
  )
  metrics.gauge('transfers', engine.uploads)
  const { maxFileBytes, hostQuotaBytes, roomQuotaBytes, bytesLeft } = await engine.fileSpace()
  metrics.gauge('max_file_bytes', maxFileBytes)
  metrics.gauge('host_quota_bytes', hostQuotaBytes)
  metrics.gauge('room_quota_bytes', roomQuotaBytes)
  if (bytesLeft !== undefined) metrics.gauge('file_bytes_left', bytesLeft)
  return reply.type(metrics.contentType).send(await metrics.text())
}

/** The files of the page in `folder`, for browsers. Only files of the build are served; they contain nothing secret. */
export function pageRoutes(folder: URL, context: HttpContext): readonly Route[] {
  const { basePath } = context.settings
  const files = builtPage(folder, basePath)
  const open = { method: 'GET', permission: 'open' } as const
  const startedAt = context.clock.elapsed()
  const routes = files.flatMap((file): readonly Route[] => {
    const handler = (exchange: Exchange) => sendPageFile(exchange, file)
    if (file.path === '/index.html') return [{ ...open, path: '/', handler }]
    if (file.path === '/drop.html') return [{ ...open, path: '/drop/:link', handler }]
    if (file.path !== '/status.html') return [{ ...open, path: file.path, handler }]
    // A proxy on this machine must not pass these addresses on, since all its requests seem to come from here.
    return [
      { method: 'GET', permission: 'machine', path: '/status', handler },
      { method: 'GET', permission: 'machine', path: '/status/facts', handler: () => factsOf(context, startedAt) },
    ]
  })
  const notBuiltRoute: Route = { ...open, path: '/', handler: ({ reply }) => refuse(reply, notBuilt) }
  return [
    ...routes,
    // The page's own addresses are relative to this one.
    ...(basePath === '' ? [] : [{ ...open, path: basePath, handler: redirectToPage }]),
    { ...open, path: '/:room', handler: redirectToRoom },
    { ...open, path: '/:room/', handler: redirectToRoom },
    ...(files.length === 0 ? [notBuiltRoute] : []),
  ]
}

const redirectToPage = ({ context, reply }: Exchange): FastifyReply => reply.redirect(`${context.settings.basePath}/`)

/** For people who type the name of a room into a browser. Programs get the addresses. */
function redirectToRoom({ context, request, reply }: Exchange): FastifyReply {
  const { headers } = request
  const room = checkRoomName(paramsOf(request).room)
  const isTyped = headers['sec-fetch-mode'] === 'navigate' || /\btext\/html\b/i.test(headers.accept ?? '')
  if (typeof room !== 'string' || !isTyped) return refuse(reply, notFound)
  return reply.redirect(`${context.settings.basePath}/#${new URLSearchParams({ room })}`)
}

/** The state of the host, for its operator. */
async function factsOf({ engine, clock, metrics, sshFingerprint }: HttpContext, startedAt: number): Promise<object> {
  const rooms = await engine.rooms()
  const transfers = engine.transfers.map(({ id, room, by, file, status, durable }) => ({
    id,
    room,
    by: by.name,
    name: file.name,
    status,
    offset: durable,
    ...(file.size === undefined ? {} : { size: file.size }),
  }))
  const values = canBeRead(metrics) ? await metrics.values() : {}
  return {
    upMs: Math.round(clock.elapsed() - startedAt),
    memoryBytes: process.memoryUsage.rss(),
    sshFingerprint: sshFingerprint(),
    space: await engine.fileSpace(),
    rooms,
    transfers,
    values,
  }
}

function sendPageFile({ request: { headers }, reply }: Exchange, file: PageFile): FastifyReply {
  const { name, form } = formFor(file, headers['accept-encoding'])
  // The digest is in its name: it never changes.
  const lasting = /^\/assets\/.*-[\w-]{8}\.\w+$/.test(file.path)
  reply.headers({
    ...pageHeaders,
    // Without TLS, browsers on other machines ignore this header with a warning. They send `sec-fetch-dest` only when they respect it.
    ...(headers['sec-fetch-dest'] === undefined ? {} : { 'Cross-Origin-Opener-Policy': 'same-origin' }),
    ETag: form.etag,
    'Cache-Control': lasting ? 'public, max-age=31536000, immutable' : 'no-cache',
  })
  if (isKnown(headers['if-none-match'], form)) return reply.code(304).send()
  if (name !== undefined) reply.header('Content-Encoding', name)
  return reply.type(file.type).send(form.bytes)
}

/** The smallest form accepted by the client. */
function formFor({ br, gzip, plain }: PageFile, accepted = ''): { name?: 'br' | 'gzip'; form: Form } {
  const takes = (coding: string) =>
    accepted.split(',').some((part) => {
      const [name = '', ...parameters] = part.split(';').map((each) => each.trim().toLowerCase())
      return name === coding && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter))
    })
  if (br !== undefined && takes('br')) return { name: 'br', form: br }
  if (gzip !== undefined && takes('gzip')) return { name: 'gzip', form: gzip }
  return { form: plain }
}

const notBuilt: Refusal = {
  code: 'NOT_BUILT',
  message: 'the page of this host is not built; start it with npm start, which builds it',
}

/**
 * The rights of the page: to run and fetch from this host only (C96). `media-src` is for the players of files; the policy of trusted
 * types is for the worker that computes digests.
 */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' blob:",
  "manifest-src 'self'",
  "media-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types tamtam-worker',
].join('; ')

const pageHeaders = {
  'Content-Security-Policy': policy,
  'Referrer-Policy': 'no-referrer',
  Vary: 'Accept-Encoding',
} as const

/** One form of a file: plain, or compressed when the page was built. */
interface Form {
  readonly bytes: Buffer
  readonly etag: string
}

interface PageFile {
  /** Its address on the host, such as `/assets/main-B1x.js`. */
  readonly path: string
  readonly type: string
  readonly plain: Form
  readonly br?: Form
  readonly gzip?: Form
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webmanifest': 'application/manifest+json',
}

/**
 * The page's files as built by the set-up (`scripts/build-web.ts`), in memory; none if it was not built. Read synchronously: one by one
 * through the thread pool, small files take ten times as long, and the host waits for them. Pages refer to scripts and styles below
 * `basePath`.
 */
function builtPage(folder: URL, basePath: string): readonly PageFile[] {
  const names = shippedIn(folder)
  const files = names.filter((name) => TYPES[extname(name)] !== undefined)
  const read = (name: string) => formOf(readShipped(new URL(name, folder)))
  const form = (name: string) => (names.includes(name) ? read(name) : undefined)
  return files.map((name) => {
    const path = `/${name}`
    if (basePath !== '' && extname(name) === '.html') {
      const html = readShipped(new URL(name, folder)).toString().replaceAll('"/assets/', `"${basePath}/assets/`)
      return { path, type: TYPES['.html'] ?? '', plain: formOf(Buffer.from(html)) }
    }
    const [br, gzip] = [form(`${name}.br`), form(`${name}.gz`)]
    return {
      path,
      type: TYPES[extname(name)] ?? '',
      plain: read(name),
      ...(br === undefined ? {} : { br }),
      ...(gzip === undefined ? {} : { gzip }),
    }
  })
}

const formOf = (bytes: Buffer): Form => ({
  bytes,
  etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
})
