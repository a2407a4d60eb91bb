import { openapiOf } from '#server/http/openapi.ts'
import { ROUTES } from '#server/http/routes.ts'

/** What `/openapi.json` says of one answer of an operation. */
interface Described {
  readonly content?: Readonly<Record<string, { readonly schema?: Schema }>>
}
interface Schema {
  readonly enum?: readonly string[]
  readonly allOf?: readonly Schema[]
  readonly anyOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly responses: Record<string, Described> }>>>>
}

let made: Document['paths'] | undefined

/**
 * Fails where a host refused a request with a code that `/openapi.json` does not list for its operation and status. Requests that no
 * operation is for are passed over.
 */
export function assertDeclared(line: string, status: number, code: string): void {
  made ??= (openapiOf(ROUTES) as Document).paths
  const operation = operationFor(made, line)
  if (operation === undefined || status === METHOD_NOT_ALLOWED) return
  const codes = codesIn(operation.responses[status]?.content?.['application/json']?.schema)
  if (!codes.includes(code))
    throw new Error(`${line} was answered ${status} ${code}, and /openapi.json has only ${codes.join(', ') || 'none'}`)
}

const METHOD_NOT_ALLOWED = 405

/** Of several, the one with the fewest parameters, as the host chooses. A short form is for what looks like no other address. */
function operationFor(paths: Document['paths'], line: string) {
  const [method = '', url = ''] = line.split(' ', 2)
  const path = url.split('?', 1)[0] ?? ''
  const found = Object.keys(paths)
    .filter((each) => new RegExp(`^${each.replace('{path}', '.*').replace(/\{\w+\}/g, '[^/]+')}$`).test(path))
    .sort((one, other) => one.split('{').length - other.split('{').length)[0]
  if (found === undefined || (found.startsWith('/{room}') && /^\/(rooms|files)\b/.test(path))) return undefined
  const operations = paths[found]
  return operations?.[method.toLowerCase()] ?? (method === 'HEAD' ? operations?.['get'] : undefined)
}

function codesIn(schema: Schema | undefined): readonly string[] {
  if (schema === undefined) return []
  const parts = [...(schema.allOf ?? []), ...(schema.anyOf ?? [])].flatMap(codesIn)
  return [...parts, ...(schema.properties?.['code']?.enum ?? [])]
}
