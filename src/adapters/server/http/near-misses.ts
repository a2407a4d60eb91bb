import { TLSSocket } from 'node:tls'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { checkRoomName } from '#domain/names/room-name.ts'
import { notFound, type Refusal, refuse } from './errors.ts'

/** One method of one address, as the router has it. */
export interface ServedRoute {
  readonly method: string
  readonly url: string
  readonly paths: RegExp
}

/** Words that stand first in addresses of ours: the short forms (`/:room/:name`) have no rooms of these names. */
const OURS = new Set(['rooms', 'files', 'ws', 'healthz', 'metrics', 'status', 'assets', 'openapi.json'])

/** Whether a request came to a short form, and was meant for another address of ours. */
export function isMeantForOurs({ routeOptions, params }: FastifyRequest): boolean {
  const { room = '' } = params as { readonly room?: string }
  return routeOptions.url?.startsWith('/:room') === true && OURS.has(room)
}

/** The lines that send a file and say something, for who asked for something near, with the address that was used. */
export function whatWorks({ headers, raw }: FastifyRequest, asked = ''): string {
  const name = checkRoomName(asked)
  const room = typeof name === 'string' && !OURS.has(name) ? encodeURIComponent(name) : 'ROOM'
  const [curl, scheme] = raw.socket instanceof TLSSocket ? ['curl -k', 'https'] : ['curl', 'http']
  const at = `${scheme}://${headers.host ?? 'HOST:PORT'}`
  return `a file goes in by ${curl} -T FILE ${at}/${room}/ and a message by ${curl} -d TEXT ${at}/rooms/${room}/messages`
}

/** Answers what no route is for: where others are for this address, with them and with what works, in `usual` where no room is named. */
export function absent(
  request: FastifyRequest,
  reply: FastifyReply,
  served: readonly ServedRoute[],
  usual: string,
): FastifyReply {
  const { method, url } = request
  const path = url.split('?', 1)[0] ?? ''
  const [, first = '', second = ''] = path.split('/')
  // What is no address of ours may be a room's; but who reads finds nothing there.
  const isRoom = !OURS.has(first) && !(/^(?:GET|HEAD)$/.test(method) && second === '')
  const here = served.filter(({ paths, url }) => paths.test(path) && (isRoom || !/^\/(?::room|$)/.test(url)))
  const methods = new Set(here.map((route) => route.method))
  if (methods.size === 0) return refuse(reply, notFound)
  const allow = [...methods].sort().join(', ')
  const named = first === 'rooms' ? second : first
  // `curl -T a.txt http://host/` asks for this.
  const works = whatWorks(request, named === '' || OURS.has(named) || named.includes('.') ? usual : named)
  const message = `${method} is not for this address; ${allow} is; ${works}`
  return refuse(reply.header('Allow', allow), { code: 'METHOD_NOT_ALLOWED', message })
}

/** For what was posted where only forms go in. */
export const noForm = (request: FastifyRequest, room: string): Refusal => ({
  code: 'UNSUPPORTED_TYPE',
  message: `only forms with files are posted here (curl -F file=@FILE); ${whatWorks(request, room)}`,
})
