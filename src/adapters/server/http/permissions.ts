import type { Permission } from '#domain/room/moderation.ts'

/**
 * What a route takes. A verb: what it does in a room, for whom the domain's table says. `open`: nothing, since nothing secret is behind
 * it, or it shows each only their own. `known`: whatever the host itself asks for. `machine`: to come from this machine.
 */
export type RoutePermission = Permission | 'open' | 'known' | 'machine'

/** Every route that there is, by method and address; one that is not here is not served. HEAD takes what GET takes. */
const ROUTES: Readonly<Record<string, RoutePermission>> = {
  'GET /': 'open',
  'GET /healthz': 'open',
  'GET /openapi.json': 'open',
  'OPTIONS /files/:id': 'open',
  'OPTIONS /rooms/:room/files': 'open',
  'GET /rooms': 'open',
  'GET /metrics': 'known',
  'GET /status': 'machine',
  'GET /status/facts': 'machine',
  'GET /rooms/:room': 'read',
  'GET /rooms/:room/events': 'read',
  'GET /rooms/:room/search': 'read',
  'GET /rooms/:room/files': 'read',
  'GET /files/:id': 'read',
  'GET /files/:id/:name': 'read',
  'GET /files/:id/receipts': 'read',
  'POST /files/:id/links': 'read',
  'POST /files/:id/receipts': 'receiveFile',
  'POST /rooms/:room/messages': 'say',
  'PUT /rooms/:room/password': 'setPassword',
  'DELETE /rooms/:room/password': 'setPassword',
  'POST /rooms/:room/invitations': 'invite',
  'GET /rooms/:room/invitations': 'invite',
  'DELETE /rooms/:room/invitations/:id': 'invite',
  'GET /:room': 'open',
  'GET /:room/': 'open',
  'POST /': 'upload',
  'POST /:room': 'upload',
  'POST /:room/': 'upload',
  'POST /:room/:name': 'upload',
  'POST /rooms/:room': 'upload',
  'POST /rooms/:room/files/:name': 'upload',
  'PUT /:room/': 'upload',
  'PUT /:room/:name': 'upload',
  'PUT /rooms/:room/files/': 'upload',
  'PUT /rooms/:room/files/:name': 'upload',
  'POST /rooms/:room/files': 'upload',
  'PATCH /files/:id': 'continueUpload',
  'POST /files/:id': 'continueUpload',
  'DELETE /files/:id': 'continueUpload',
}

/** Undefined where there is no such route for anybody. */
export function permissionOf(method: string, url: string): RoutePermission | undefined {
  // Each build of the page calls its files otherwise.
  if (url.startsWith('/assets/')) return 'open'
  return ROUTES[`${method === 'HEAD' ? 'GET' : method} ${url}`]
}

export const isPermission = (right: RoutePermission): right is Permission =>
  right !== 'open' && right !== 'known' && right !== 'machine'
