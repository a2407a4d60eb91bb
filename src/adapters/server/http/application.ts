import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import { jsonForTerminal } from '#domain/names/text.ts'
import { admitToRoute } from './auth.ts'
import { refusalOf, refuse } from './errors.ts'
import { absent, isMeantForOurs, type ServedRoute, whatWorks } from './near-misses.ts'
import type { HttpParts } from './parts.ts'
import { permissionOf } from './permissions.ts'
import { routes } from './routes/index.ts'

/** Longer than the longest name of a file, percent-encoded. */
const MAX_PARAM_CHARS = 1024

/** All routes behind one handler, which `serve` takes and answers with the server that they are to live on. They are listed in `served`. */
export function application(
  parts: HttpParts,
  served: ServedRoute[],
  serve: (handle: (request: IncomingMessage, response: ServerResponse) => void) => Server,
): FastifyInstance {
  const failed = (error: unknown, reply: FastifyReply) => answer(error, reply, parts)
  const app = Fastify({
    serverFactory: serve,
    logger: false,
    routerOptions: { maxParamLength: MAX_PARAM_CHARS },
    return503OnClosing: false,
    // The server tells its connections (`fail`).
    clientErrorHandler: () => {},
    frameworkErrors: (error, _request, reply) => failed(error, reply as FastifyReply),
  })
  app.addHook('onRoute', ({ method, url }) => {
    for (const each of [method].flat()) {
      if (permissionOf(each, url) === undefined) throw new Error(`the table of rights has no row for ${each} ${url}`)
      served.push({ method: each, url, paths: pathsOf(url) })
    }
  })
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers({
      'X-Content-Type-Options': 'nosniff',
      'Cross-Origin-Resource-Policy': 'same-origin',
      'Cache-Control': 'no-store',
    })
  })
  app.addHook('onRequest', async (request, reply) => {
    if (isMeantForOurs(request)) return absent(request, reply, served, parts.settings.room)
    return await admitToRoute(parts, request)
  })
  // Only now: whoever is refused need not send what it has. Files are told by their routes.
  app.addHook('preParsing', async ({ headers, raw, routeOptions }, reply) => {
    if (headers.expect !== undefined && !raw.complete && routeOptions.config.body !== 'stream')
      reply.raw.writeContinue()
  })
  app.setReplySerializer(jsonForTerminal)
  app.removeAllContentTypeParsers()
  app.setErrorHandler((error, _request, reply) => failed(error, reply))
  app.setNotFoundHandler((request, reply) => absent(request, reply, served, parts.settings.room))
  for (const add of routes) app.register(async (scope) => add(scope, parts))
  return app
}

function answer(error: unknown, reply: FastifyReply, { log }: HttpParts): FastifyReply {
  const why = refusalOf(error)
  if (why?.code === 'TOO_LARGE') {
    const { room } = (reply.request.params ?? {}) as { readonly room?: string }
    return refuse(reply, { ...why, message: `${why.message}; ${whatWorks(reply.request, room)}` })
  }
  if (why !== undefined) return refuse(reply, why)
  log.error('a request failed because of an error of ours', {
    error: error instanceof Error ? (error.stack ?? error.message) : String(error),
  })
  return refuse(reply, { code: 'BUG', message: 'this failed because of an error of ours; please report it' })
}

/** The paths that a route's address stands for: `/rooms/:room` is every path of two parts that begins with `rooms`. */
function pathsOf(url: string): RegExp {
  const parts = url.split('/').map((part) => {
    if (part.startsWith(':')) return '[^/]*'
    return part === '*' ? '.*' : part.replace(/[.+()[\]{}^$|\\]/g, '\\$&')
  })
  return new RegExp(`^${parts.join('/')}$`)
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** `stream`: the route takes the body itself, as it comes. */
    readonly body?: 'stream'
    /** `?ticket=` may stand for all that a request shows. */
    readonly ticket?: 'opens' | 'sends'
  }
}
