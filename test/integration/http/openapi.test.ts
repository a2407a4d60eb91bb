import { expect, test } from 'vitest'
import { compose } from '#app/compose.ts'
import { ask, startHttpHost } from '../../harness/http-client.ts'

interface Document {
  readonly openapi: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

const METHODS = new Set(['get', 'head', 'post', 'put', 'patch', 'delete', 'options'])

/** All that the server really serves, as OpenAPI writes it. */
async function served(): Promise<Set<string>> {
  const server = compose({}).http
  await server.open()
  const routes = server.routes.map(({ method, path }) => `${method} ${path.replace(/:(\w+)\??/g, '{$1}')}`)
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
