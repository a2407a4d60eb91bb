import type { FastifyReply, FastifyRequest } from 'fastify'
import { checkRoomName } from '#domain/names/room-name.ts'
import { notFound, type Refusal, refuse } from '../errors.ts'
import { isKnown } from '../files/conditional.ts'
import type { Routes } from '../parts.ts'
import { builtPage, type Form, type PageFile } from './built-page.ts'
import { pageHeaders } from './page-headers.ts'
import { statusRoutes } from './status.ts'

/** For whoever opens the host in a browser. Only the addresses of the build's own files are served; they hold nothing secret. */
export const pageRoutes: Routes = async (app, parts) => {
  if (parts.page === undefined) return
  const files = await builtPage(parts.page)
  for (const file of files) {
    const serve = (request: FastifyRequest, reply: FastifyReply) => send(request, reply, file)
    if (file.path === '/index.html') app.get('/', serve)
    else if (file.path === '/status.html') app.register(async (scope) => statusRoutes(scope, parts, serve))
    else app.get(file.path, serve)
  }
  for (const path of ['/:room', '/:room/'])
    app.get<{ Params: { room: string } }>(path, (request, reply) => {
      const { headers, params } = request
      const room = checkRoomName(params.room)
      // What a person types who has heard of a room. Programs hear what the addresses are.
      const isTyped = headers['sec-fetch-mode'] === 'navigate' || /\btext\/html\b/i.test(headers.accept ?? '')
      if (typeof room !== 'string' || !isTyped) return refuse(reply, notFound)
      return reply.redirect(`/#${new URLSearchParams({ room })}`)
    })
  if (files.length === 0) app.get('/', (_request, reply) => refuse(reply, notBuilt))
}

function send({ headers }: FastifyRequest, reply: FastifyReply, file: PageFile): FastifyReply {
  const { name, form } = formFor(file, headers['accept-encoding'])
  // What has its digest in its name never changes.
  const lasting = file.path.startsWith('/assets/')
  reply.headers({
    ...pageHeaders,
    ETag: form.etag,
    'Cache-Control': lasting ? 'public, max-age=31536000, immutable' : 'no-cache',
  })
  if (isKnown(headers['if-none-match'], form)) return reply.code(304).send()
  if (name !== undefined) reply.header('Content-Encoding', name)
  return reply.type(file.type).send(form.bytes)
}

/** The smallest form that the client takes. */
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
