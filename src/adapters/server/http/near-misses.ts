import type { FastifyReply, FastifyRequest } from 'fastify'
import { checkRoomName } from '#domain/names/room-name.ts'
import type { HttpContext, Route } from './auth.ts'
import { notFound, type Refusal, refuse } from './errors.ts'
import { paramsOf } from './input.ts'

/** First words of addresses that cannot be rooms in the short forms (`/:room/:name`). */
const RESERVED = new Set([
  'rooms',
  'files',
  'ws',
  'healthz',
  'readyz',
  'metrics',
  'status',
  'drop',
  'assets',
  'filehost',
  'openapi.json',
])

/** Whether a request used a short form with a reserved first word. */
export function isReserved(request: FastifyRequest): boolean {
  return request.routeOptions.url?.startsWith('/:room') === true && RESERVED.has(paramsOf(request).room)
}

/** The command lines for sending a file and a message, with the address that was used: for a request that came close. */
export function whatWorks({ originOf, settings }: HttpContext, { raw }: FastifyRequest, asked = ''): string {
  const name = checkRoomName(asked)
  const room = typeof name === 'string' && !RESERVED.has(name) ? encodeURIComponent(name) : 'ROOM'
  const { scheme, host = 'HOST:PORT' } = originOf(raw)
  const curl = scheme === 'https' ? 'curl -k' : 'curl'
  const at = `${scheme}://${host}${settings.basePath}`
  return `a file goes in by ${curl} -T FILE ${at}/${room}/ and a message by ${curl} -d TEXT ${at}/rooms/${room}/messages`
}

/**
 * Answers a request without a route. If its address has other methods, the answer names them, with an example that works, in the default
 * room if none is named.
 */
export function refuseAbsent(
  context: HttpContext,
  request: FastifyRequest,
  reply: FastifyReply,
  routes: readonly Route[],
): FastifyReply {
  const { method, url } = request
  const address = url.split('?', 1)[0] ?? ''
  const [, first = '', second = ''] = address.split('/')
  // Any other word may name a room, but there is nothing to read there.
  const isRoom = !RESERVED.has(first) && !(/^(?:GET|HEAD)$/.test(method) && second === '')
  const here = routes.filter(({ path }) => isPathOf(path, address) && (isRoom || !/^\/(?::room|$)/.test(path)))
  const methods = new Set(here.flatMap((route) => (route.method === 'GET' ? ['GET', 'HEAD'] : [route.method])))
  if (methods.size === 0) return refuse(reply, notFound)
  const allow = [...methods].sort().join(', ')
  const named = first === 'rooms' ? second : first
  // As sent by `curl -T a.txt http://host/`.
  const isNone = named === '' || RESERVED.has(named) || named.includes('.')
  const works = whatWorks(context, request, isNone ? context.settings.room : named)
  const message = `${method} is not for this address; ${allow} is; ${works}`
  return refuse(reply.header('Allow', allow), { code: 'METHOD_NOT_ALLOWED', message })
}

/**
 * Whether an address belongs to a route: `/rooms/:room` matches every path of two parts that begins with `rooms`, and `*` matches
 * everything that follows.
 */
function isPathOf(path: string, address: string): boolean {
  const isOpen = path.endsWith('/*')
  const parts = (isOpen ? path.slice(0, -2) : path).split('/')
  const given = address.split('/')
  return (
    (isOpen ? parts.length < given.length : parts.length === given.length) &&
    parts.every((part, index) => part.startsWith(':') || part === given[index])
  )
}

/** The refusal of a POST at an address that accepts only forms. */
export const noForm = (context: HttpContext, request: FastifyRequest, room: string): Refusal => ({
  code: 'UNSUPPORTED_TYPE',
  message: `only forms with files are posted here (curl -F file=@FILE); ${whatWorks(context, request, room)}`,
})
