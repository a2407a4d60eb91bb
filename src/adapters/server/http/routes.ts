import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { jsonForTerminal } from '#domain/names/text.ts'
import { COSTS } from '../connection/rate-limit.ts'
import { type HttpContext, Requester, type Route } from './auth.ts'
import { refusalOf, refuse } from './errors.ts'
import { getInFolder, getNamed, getRoomArchive } from './files/archive.ts'
import { getFile, headDropped, headFile } from './files/download.ts'
import { addLink, addRoomLink } from './files/links.ts'
import { addReceipt, listFiles, listHandIns, listReceipts } from './files/receipts.ts'
import {
  createUpload,
  fileHostOptions,
  overriddenMethod,
  patchUpload,
  postForm,
  postToFileHost,
  putFile,
  refuseOtherTus,
  removeUpload,
  tusOptions,
} from './files/upload.ts'
import { jsonOf, paramsOf } from './input.ts'
import { isReserved, refuseAbsent, whatWorks } from './near-misses.ts'
import { openapiOf } from './openapi.ts'
import { operations } from './operations.ts'
import {
  addDropLink,
  dropFacts,
  invite,
  listDropLinks,
  listInvitations,
  listRooms,
  postMessages,
  removeMessage,
  removePassword,
  revokeDropLink,
  revokeInvitation,
  setPassword,
  showRoom,
} from './rooms.ts'
import { getEvents, searchEvents } from './streams.ts'
import { getHealth, getMetrics, getReadiness, pageRoutes } from './web.ts'

/** All addresses of the HTTP server except those of the page. Routing, permissions, prices, hints and `/openapi.json` read this table. */
export const ROUTES: readonly Route[] = [
  row('GET /healthz', 'open', getHealth, { about: operations.health }),
  row('GET /readyz', 'open', getReadiness, { about: operations.readiness }),
  row('GET /metrics', 'known', getMetrics, { about: operations.metrics }),
  row('GET /openapi.json', 'open', ({ context }) => openapiOf(ROUTES, context.settings.basePath), {
    about: operations.document,
  }),

  row('GET /rooms', 'open', listRooms, { price: COSTS.rooms, about: operations.listRooms }),
  row('GET /rooms/:room', 'read', showRoom, { price: COSTS.members, about: operations.showRoom }),
  row('GET /rooms/:room/events', 'read', getEvents, { price: COSTS.history, about: operations.events }),
  row('GET /rooms/:room/search', 'read', searchEvents, { price: COSTS.search, about: operations.search }),
  row('POST /rooms/:room/messages', 'say', postMessages, { price: COSTS.text, body: 'bytes', about: operations.say }),
  row('DELETE /rooms/:room/messages/:seq', 'removeMessage', removeMessage, {
    price: COSTS.history,
    about: operations.removeMessage,
  }),
  row('PUT /rooms/:room/password', 'setPassword', setPassword, { body: 'json', about: operations.setPassword }),
  row('DELETE /rooms/:room/password', 'setPassword', removePassword, {
    body: 'json',
    about: operations.removePassword,
  }),
  row('POST /rooms/:room/invitations', 'invite', invite, { body: 'json', about: operations.invite }),
  row('GET /rooms/:room/invitations', 'invite', listInvitations, { about: operations.listInvitations }),
  row('DELETE /rooms/:room/invitations/:id', 'invite', revokeInvitation, { body: 'json', about: operations.revoke }),

  row('POST /rooms/:room/drop-links', 'invite', addDropLink, { body: 'json', about: operations.addDropLink }),
  row('GET /rooms/:room/drop-links', 'invite', listDropLinks, { about: operations.listDropLinks }),
  row('DELETE /rooms/:room/drop-links/:id', 'invite', revokeDropLink, {
    body: 'json',
    about: operations.revokeDropLink,
  }),
  row('GET /drop/:link/facts', 'drop', dropFacts, { link: 'drop', about: operations.dropFacts }),
  dropRow('PUT /drop/:link', putFile, operations.drop),
  dropRow('PUT /drop/:link/', putFile),
  dropRow('PUT /drop/:link/:name', putFile, operations.drop),
  dropRow('PUT /drop/:link/:name/', putFile),
  dropRow('POST /drop/:link', postForm, operations.dropForm),
  dropRow('POST /drop/:link/files', createUpload, operations.createDrop),
  fileRow('HEAD /drop/:link/files/:id', 'drop', headDropped, { link: 'drop', about: operations.headDropped }),
  dropRow('PATCH /drop/:link/files/:id', patchUpload, operations.patchUpload),
  dropRow('DELETE /drop/:link/files/:id', removeUpload, operations.removeUpload),

  fileRow('GET /rooms/:room/files', 'read', listFiles, { price: COSTS.files, about: operations.listFiles }),
  fileRow('GET /rooms/:room/hand-ins', 'seeHandIns', listHandIns, {
    price: COSTS.files,
    about: operations.listHandIns,
  }),
  ...['/rooms/:room/files.zip', '/rooms/:room/files.tar'].flatMap((path) => [
    fileRow(`GET ${path}`, 'read', getRoomArchive, { price: COSTS.files, link: 'any', about: operations.roomArchive }),
    fileRow(`HEAD ${path}`, 'read', getRoomArchive, { price: COSTS.files, link: 'any' }),
  ]),
  fileRow('POST /rooms/:room/links', 'read', addRoomLink, { about: operations.addRoomLink }),
  fileRow('GET /files/:id', 'read', getFile, { link: 'any', about: operations.getFile }),
  fileRow('HEAD /files/:id', 'read', headFile, { link: 'any', about: operations.headFile }),
  fileRow('GET /files/:id/:name', 'read', getNamed, { price: COSTS.files, link: 'any', about: operations.getNamed }),
  fileRow('HEAD /files/:id/:name', 'read', getNamed, { price: COSTS.files, link: 'any' }),
  fileRow('GET /files/:id/:name/*', 'read', getInFolder, {
    price: COSTS.files,
    link: 'any',
    about: operations.getInFolder,
  }),
  fileRow('HEAD /files/:id/:name/*', 'read', getInFolder, { price: COSTS.files, link: 'any' }),
  fileRow('GET /files/:id/receipts', 'read', listReceipts, {
    price: COSTS.members,
    link: 'sender',
    about: operations.listReceipts,
  }),
  fileRow('POST /files/:id/receipts', 'receiveFile', addReceipt, { body: 'json', about: operations.addReceipt }),
  fileRow('POST /files/:id/links', 'read', addLink, { about: operations.addLink }),

  row('POST /filehost', 'upload', postToFileHost, { body: 'stream', isLogin: true, about: operations.postToFileHost }),
  row('OPTIONS /filehost', 'open', fileHostOptions),

  // With a slash at the end, the body is a tar of the folder of this name.
  ...['/:room/:name/', '/rooms/:room/files/:name/'].map((path) =>
    fileRow(`PUT ${path}`, 'upload', putFile, { body: 'stream' }),
  ),
  ...['/:room/:name', '/rooms/:room/files/:name'].flatMap((path) => [
    fileRow(`PUT ${path}`, 'upload', putFile, { body: 'stream', about: operations.putFile }),
    fileRow(`POST ${path}`, 'upload', putFile, { body: 'stream', about: operations.postFile }),
  ]),
  ...['/:room', '/rooms/:room'].map((path) =>
    fileRow(`POST ${path}`, 'upload', postForm, { body: 'stream', about: operations.postForm }),
  ),
  // Other spellings of the same.
  ...['/:room/', '/rooms/:room/files/'].map((path) => fileRow(`PUT ${path}`, 'upload', putFile, { body: 'stream' })),
  ...['/', '/:room/'].map((path) => fileRow(`POST ${path}`, 'upload', postForm, { body: 'stream' })),
  fileRow('POST /rooms/:room/files', 'upload', createUpload, { body: 'stream', about: operations.createUpload }),
  fileRow('PATCH /files/:id', 'continueUpload', patchUpload, {
    body: 'stream',
    link: 'sender',
    about: operations.patchUpload,
  }),
  fileRow('POST /files/:id', 'continueUpload', overriddenMethod, {
    body: 'stream',
    link: 'sender',
    about: operations.overridden,
  }),
  fileRow('DELETE /files/:id', 'continueUpload', removeUpload, { link: 'sender', about: operations.removeUpload }),
  ...['/files/:id', '/rooms/:room/files'].map((path) => fileRow(`OPTIONS ${path}`, 'open', tusOptions)),
]

type Rest = Pick<Route, 'price' | 'body' | 'link' | 'isLogin' | 'tus' | 'about'>

function row(
  line: `${Route['method']} ${string}`,
  permission: Route['permission'],
  handler: Route['handler'],
  rest: Rest = {},
): Route {
  const [method, path = ''] = line.split(' ')
  return { method: method as Route['method'], path, permission, handler, ...rest }
}

function fileRow(...[line, permission, handler, rest]: Parameters<typeof row>): Route {
  return row(line, permission, handler, { ...rest, tus: true })
}

function dropRow(line: Parameters<typeof row>[0], handler: Route['handler'], about?: Route['about']): Route {
  return fileRow(line, 'drop', handler, { body: 'stream', link: 'drop', ...(about === undefined ? {} : { about }) })
}

/** Longer than the longest name of a file, percent-encoded. */
const MAX_PARAM_CHARS = 1024

const noSchemas = (): never => {
  throw new Error('no route has a schema of Fastify')
}

/** The table behind one handler, which is passed to `serve` together with the server that it belongs to. */
export async function application(
  context: HttpContext,
  serve: (handle: (request: IncomingMessage, response: ServerResponse) => void) => Server,
): Promise<{ readonly app: FastifyInstance; readonly routes: readonly Route[] }> {
  const { page, settings } = context
  const routes = page === undefined ? ROUTES : [...ROUTES, ...(await pageRoutes(page, context))]
  const failed = (error: unknown, reply: FastifyReply) => refuseError(error, reply, context)
  const app = Fastify({
    serverFactory: serve,
    logger: false,
    // Bodies are checked by `protocol/schema`: Fastify's own compilers take as long to load as Fastify.
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    routerOptions: { maxParamLength: MAX_PARAM_CHARS },
    return503OnClosing: false,
    // The server reports to its connections (`fail`).
    clientErrorHandler: () => {},
    frameworkErrors: (error, _request, reply) => failed(error, reply as FastifyReply),
  })
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({
      'X-Content-Type-Options': 'nosniff',
      'Cross-Origin-Resource-Policy': 'same-origin',
      'Cache-Control': 'no-store',
    })
    if (isReserved(request)) return refuseAbsent(context, request, reply, routes)
    return request.routeOptions.config.route?.tus ? refuseOtherTus(request, reply) : undefined
  })
  // Only now: a refused client need not send its body. Handlers of streams send it themselves.
  app.addHook('preParsing', async ({ headers, raw, routeOptions }, reply) => {
    if (headers.expect !== undefined && !raw.complete && routeOptions.config.route?.body !== 'stream')
      reply.raw.writeContinue()
  })
  app.setReplySerializer(jsonForTerminal)
  app.removeAllContentTypeParsers()
  app.setErrorHandler((error, _request, reply) => failed(error, reply))
  app.setNotFoundHandler((request, reply) => refuseAbsent(context, request, reply, routes))
  for (const body of [undefined, 'json', 'bytes', 'stream'] as const)
    app.register(async (scope) => {
      takeBodies(scope, body, settings.messageBytes)
      for (const route of routes) if (route.body === body) addRoute(scope, route, routes, context)
    })
  await app.ready()
  return { app, routes }
}

function takeBodies(scope: FastifyInstance, body: Route['body'], bodyLimit: number): void {
  switch (body) {
    case undefined:
      break
    case 'json':
      scope.addContentTypeParser<Buffer>(
        'application/json',
        { parseAs: 'buffer', bodyLimit },
        async ({ headers }: FastifyRequest, bytes: Buffer) => jsonOf(bytes, headers['content-type']),
      )
      break
    case 'bytes':
      scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit }, (_request, bytes, done) => done(null, bytes))
      break
    case 'stream':
      scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
      break
    default:
      body satisfies never
  }
}

function addRoute(scope: FastifyInstance, route: Route, routes: readonly Route[], context: HttpContext): void {
  const { method, path, handler } = route
  const hasHead = routes.some((other) => other.method === 'HEAD' && other.path === path)
  scope.route({
    method,
    url: path,
    config: { route },
    ...(method === 'GET' && hasHead ? { exposeHeadRoute: false } : {}),
    handler: async (request, reply) => {
      const requester = new Requester(context, request, route)
      await requester.admitToRoute()
      return await handler({ context, request, reply, requester })
    },
  })
}

function refuseError(error: unknown, reply: FastifyReply, context: HttpContext): FastifyReply {
  const why = refusalOf(error)
  if (why?.code === 'TOO_LARGE') {
    const message = `${why.message}; ${whatWorks(context, reply.request, paramsOf(reply.request).room)}`
    return refuse(reply, { ...why, message })
  }
  if (why !== undefined) return refuse(reply, why)
  context.log.error('a request failed because of an error of ours', {
    error: error instanceof Error ? (error.stack ?? error.message) : String(error),
  })
  return refuse(reply, { code: 'BUG', message: 'this failed because of an error of ours; please report it' })
}
