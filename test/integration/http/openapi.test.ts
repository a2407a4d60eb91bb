import { expect, test } from 'vitest'
import { compose } from '#app/compose.ts'
import { MemoryMetrics } from '#system/metrics.ts'
import { type Asked, ask, startHttpHost } from '../../harness/http-client.ts'
import { assertDeclared } from '../../harness/openapi.ts'

interface Document {
  readonly openapi: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

const METHODS = new Set(['get', 'head', 'post', 'put', 'patch', 'delete', 'options'])

/** All that the server really serves, as OpenAPI writes it. */
async function served(): Promise<Set<string>> {
  const server = compose({}).http
  await server.open()
  const routes = server.routes.map(
    ({ method, path }) => `${method} ${path.replace(/\*$/, '{path}').replace(/:(\w+)\??/g, '{$1}')}`,
  )
  await server.close('', 0)
  return new Set(routes)
}

/** HEAD comes with every GET, and OPTIONS and addresses that end with a slash are other ways to write the same. */
const matters = (route: string): boolean => !/^(HEAD|OPTIONS) |.\/$/.test(route)

test('/openapi.json describes every route that there is, and no other', async () => {
  const { port } = await startHttpHost()
  const { json } = await ask(port, 'GET /openapi.json')
  const { openapi, paths } = json as Document
  expect(openapi).toMatch(/^3\.1\./)
  const described = Object.entries(paths).flatMap(([path, item]) =>
    Object.keys(item)
      .filter((key) => METHODS.has(key))
      .map((method) => `${method.toUpperCase()} ${path}`),
  )
  expect(described.filter(matters).sort()).toEqual([...(await served())].filter(matters).sort())
})

test('/openapi.json refers to nothing that is not in it', async () => {
  const { port } = await startHttpHost()
  const { text, json } = await ask(port, 'GET /openapi.json')
  const references = [...text.matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, reference = '']) => reference)
  expect(references.length).toBeGreaterThan(10)
  for (const reference of references) {
    let found: unknown = json
    for (const key of reference.split('/')) found = (found as Record<string, unknown> | undefined)?.[key]
    expect([reference, found]).toEqual([reference, expect.anything()])
  }
})

test('every path parameter in /openapi.json is described', async () => {
  const { port } = await startHttpHost()
  const { paths } = (await ask(port, 'GET /openapi.json')).json as Document
  for (const [path, item] of Object.entries(paths)) {
    const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
    const { parameters = [] } = item as { parameters?: { name: string; in: string }[] }
    expect([path, parameters.filter((each) => each.in === 'path').map(({ name }) => name)]).toEqual([path, named])
  }
})

const json = { 'Content-Type': 'application/json' }
const tus = { 'Tus-Resumable': '1.0.0' }
const patch = { ...tus, 'Content-Type': 'application/offset+octet-stream', 'Upload-Offset': '0' }

/** Requests, in their order, and what they are refused with. `UPLOAD` is one of ten bytes that is under way. */
const PROVOKED: readonly (readonly [string, Asked, number, string])[] = [
  ['GET /metrics', {}, 404, 'NOT_FOUND'],
  ['GET /rooms/a%20b', {}, 400, 'BAD_ROOM'],
  ['GET /rooms/lobby', { as: 'ani' }, 409, 'NAME_TAKEN'],
  ['GET /rooms/lobby/events?limit=x', {}, 400, 'BAD_REQUEST'],
  ['GET /rooms/lobby/events', { headers: { Origin: 'http://other.example' } }, 403, 'FOREIGN_ORIGIN'],
  ['GET /rooms/lobby', { headers: { Host: 'other.example' } }, 421, 'MISDIRECTED'],
  ['GET /rooms/lobby', { headers: { Expect: 'tea' } }, 417, 'BAD_EXPECTATION'],
  [
    'POST /rooms/lobby/messages',
    { body: Buffer.from([0xff]), headers: { 'Content-Type': 'text/plain' } },
    400,
    'BAD_TEXT',
  ],
  ['POST /rooms/lobby/messages', { body: 'a', headers: { 'Content-Type': 'image/png' } }, 415, 'UNSUPPORTED_TYPE'],
  ['POST /rooms/lobby/messages', { body: 'a'.repeat(20_000) }, 413, 'LINE_TOO_LONG'],
  ['PUT /rooms/lobby/password', { body: '{"password":"x"}', headers: json }, 403, 'NOT_ALLOWED'],
  ['PUT /lobby/a.txt?to=nobody', { body: 'a' }, 422, 'NO_SUCH_MEMBER'],
  ['PUT /lobby/a.txt', { body: 'a', headers: { 'Tus-Resumable': '9' } }, 412, 'WRONG_PROTOCOL'],
  ['PATCH /files/UPLOAD', { body: 'a', headers: { ...patch, 'Upload-Offset': '7' } }, 409, 'BAD_OFFSET'],
  ['PATCH /files/UPLOAD', { body: 'a', headers: { ...patch, 'Upload-Checksum': 'sha1 AAAA' } }, 400, 'BAD_REQUEST'],
  [
    'PATCH /files/UPLOAD',
    { body: 'a', headers: { ...patch, 'Upload-Checksum': `sha1 ${'A'.repeat(27)}=` } },
    460,
    'HASH_MISMATCH',
  ],
  ['DELETE /files/UPLOAD', { as: 'budi', headers: tus }, 403, 'NOT_OWNER'],
  ['GET /files/UPLOAD', { headers: { Range: 'bytes=99-' } }, 416, 'BAD_RANGE'],
]

test('/openapi.json lists each refusal that was provoked, for its operation and under its status', async () => {
  const { port, tamtam } = await startHttpHost({ overrides: { metrics: new MemoryMetrics() } })
  await tamtam.engine.join({ room: 'lobby', name: 'ani' })
  const upload = await ask(port, 'POST /rooms/lobby/files', { headers: { ...tus, 'Upload-Length': '10' } })
  const id = String(upload.headers.location).replace('/files/', '')
  for (const [line, asked, status, code] of PROVOKED) {
    // Fails where the document does not list what it is answered.
    const answer = await ask(port, line.replace('UPLOAD', id), asked)
    expect([line, answer.status, answer.headers['tamtam-code']]).toEqual([line, status, code])
  }
})

test('a code that an operation does not declare is found, and so is one under another status', () => {
  expect(() => assertDeclared('GET /rooms/lobby', 409, 'NAME_TAKEN')).not.toThrow()
  expect(() => assertDeclared('HEAD /rooms/lobby', 409, 'NAME_TAKEN')).not.toThrow()
  expect(() => assertDeclared('GET /rooms/lobby', 429, 'SLOW_MODE')).toThrow('SLOW_MODE')
  expect(() => assertDeclared('GET /rooms/lobby', 400, 'NAME_TAKEN')).toThrow('NAME_TAKEN')
})
