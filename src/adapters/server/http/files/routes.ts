import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { TUS_VERSION } from '#protocol/tus.ts'
import { notFound, refuse } from '../errors.ts'
import { noForm } from '../near-misses.ts'
import type { HttpParts, Routes } from '../parts.ts'
import { takeJson } from '../text-body.ts'
import { create } from './create.ts'
import { Downloads } from './downloads.ts'
import type { FileAddress } from './file-json.ts'
import { form } from './form.ts'
import { get } from './get.ts'
import { head } from './head.ts'
import { addLink } from './links.ts'
import { list } from './list.ts'
import { boundaryOf } from './multipart.ts'
import { options } from './options.ts'
import { patch } from './patch.ts'
import { put } from './put.ts'
import { addReceipt, listReceipts } from './receipts.ts'
import { remove } from './remove.ts'

type Act = (parts: HttpParts, request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>

/** Files on their way in and out: section "Files" of docs/http.md. */
export const fileRoutes: Routes = (app, parts) => {
  const downloads = new Downloads(parts)
  app.addHook('onRequest', speakTus)

  app.get('/rooms/:room/files', (request, reply) => list(parts, request, reply))
  const file = { exposeHeadRoute: false, config: { ticket: 'opens' } } as const
  const own = { config: { ticket: 'sends' } } as const
  for (const path of ['/files/:id', '/files/:id/:name']) {
    app.get(path, file, (request, reply) => get(parts, downloads, request, reply))
    app.head(path, file, (request, reply) => head(parts, request, reply))
  }
  app.get('/files/:id/receipts', own, (request, reply) => listReceipts(parts, request, reply))
  app.post('/files/:id/links', (request, reply) => addLink(parts, request, reply))
  app.delete('/files/:id', own, (request, reply) => remove(parts, request, reply))
  for (const path of ['/files/:id', '/rooms/:room/files']) app.options(path, (_request, reply) => options(reply))
  app.register(async (scope) => uploads(scope, parts))
  app.register(async (scope) => receipts(scope, parts))
}

/** Their bodies are taken as they come. */
function uploads(app: FastifyInstance, parts: HttpParts): void {
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  const settings = { config: { body: 'stream' } } as const
  const serve = (act: Act) => (request: FastifyRequest, reply: FastifyReply) => act(parts, request, reply)
  for (const path of ['/:room/', '/:room/:name', '/rooms/:room/files/', '/rooms/:room/files/:name'])
    app.put(path, settings, serve(orForm(put)))
  for (const path of ['/', '/:room', '/:room/', '/rooms/:room']) app.post(path, settings, serve(orForm(unnamed)))
  for (const path of ['/:room/:name', '/rooms/:room/files/:name']) app.post(path, settings, serve(orForm(put)))
  app.post('/rooms/:room/files', settings, serve(orForm(create)))
  const own = { config: { body: 'stream', ticket: 'sends' } } as const
  app.patch('/files/:id', own, serve(patch))
  app.post('/files/:id', own, serve(overridden))
}

function receipts(app: FastifyInstance, parts: HttpParts): void {
  takeJson(app, parts.settings.messageBytes)
  app.post('/files/:id/receipts', (request, reply) => addReceipt(parts, request, reply))
}

/** Forms are taken wherever files go in (`curl -F`, also with `-X PUT`); `other` has what is none. */
function orForm(other: Act): Act {
  return async (parts, request, reply) => {
    const boundary = boundaryOf(request.headers['content-type'])
    if (boundary === undefined) return await other(parts, request, reply)
    const { room = parts.settings.room } = request.params as FileAddress
    return await form(parts, request, reply, room, boundary)
  }
}

const unnamed: Act = async ({ settings }, request, reply) => {
  const { room = settings.room } = request.params as FileAddress
  return refuse(reply, noForm(request, room))
}

/** Clients that can only POST say in a header what they mean (tus). */
const overridden: Act = async (parts, request, reply) => {
  switch (request.headers['x-http-method-override']) {
    case 'PATCH':
      return await patch(parts, request, reply)
    case 'DELETE':
      return await remove(parts, request, reply)
    default:
      return refuse(reply, notFound)
  }
}

/** Every answer to a client of tus says so, and one of another version hears nothing else. */
async function speakTus({ headers, method }: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
  const version = headers['tus-resumable']
  if (version === undefined || method === 'OPTIONS') return undefined
  reply.header('Tus-Resumable', TUS_VERSION)
  if (version === TUS_VERSION) return undefined
  const message = `this host speaks tus ${TUS_VERSION}`
  reply.headers({ 'Tus-Version': TUS_VERSION, 'Tamtam-Code': 'WRONG_PROTOCOL' })
  return reply.code(PRECONDITION_FAILED).send({ code: 'WRONG_PROTOCOL', message })
}

const PRECONDITION_FAILED = 412
