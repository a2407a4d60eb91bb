import type * as v from 'valibot'
import { refusalFor } from '#domain/room/permissions.ts'
import { type HttpCode, statusOf, TUS_STATUSES } from '#protocol/errors.ts'
import * as bodies from '#protocol/schema.ts'
import type { Route, RoutePermission } from './auth.ts'
import { type Answer, type Contents, JSON_TYPE, type Operation, objectOf, ref, text } from './operations.ts'

/** The OpenAPI document: the table of routes with their descriptions in `operations.ts`, and the schemas of their bodies. */

type DescribedRoute = Pick<Route, 'method' | 'path' | 'permission' | 'body' | 'tus' | 'about'>

/** The codes that any request can end in: they come before the routes, or are ours. */
const ANY: readonly HttpCode[] = [
  ...(['BAD_REQUEST', 'FOREIGN_ORIGIN', 'TIMEOUT', 'TOO_LARGE', 'BAD_EXPECTATION', 'MISDIRECTED'] as const),
  ...(['HEAD_TOO_LARGE', 'BUG', 'BUSY', 'CLOSED'] as const),
]
/** Parameters of requests to a room, beside those of their permission: the room, the sender's name, and its credentials. */
const OF_ROOMS = [
  'NOT_FOUND',
  'BAD_ROOM',
  'BAD_NAME',
  'NAME_TAKEN',
  'TOO_MANY_ROOMS',
  'TRY_LATER',
  'BANNED',
  'NOT_ALLOWED',
] as const
const OF_BODIES = { json: ['UNSUPPORTED_TYPE'], bytes: ['BAD_TEXT', 'UNSUPPORTED_TYPE'], stream: [] } as const
const RANKS = ['nonMember', 'outsider', 'banned', 'muted', 'listener', 'member'] as const

/** The codes that a route can end in, by their status: of its permission, of its body, of tus, and its own. */
function refusalsOf({ permission, body, tus, about }: DescribedRoute): ReadonlyMap<number, readonly HttpCode[]> {
  const byStatus = new Map<number, Set<HttpCode>>()
  const add = (status: number, code: HttpCode) => {
    byStatus.set(status, (byStatus.get(status) ?? new Set()).add(code))
  }
  const codes = [...ANY, ...ofPermission(permission), ...(body === undefined ? [] : OF_BODIES[body])]
  for (const code of [...codes, ...(about?.refusals ?? [])]) add(statusOf(code), code)
  const tusCodes = [...(tus ? (['WRONG_PROTOCOL'] as const) : []), ...(about?.tusRefusals ?? [])]
  for (const code of tusCodes) add(TUS_STATUSES[code], code)
  return new Map(Array.from(byStatus, ([status, found]) => [status, [...found]]))
}

function ofPermission(permission: RoutePermission): readonly HttpCode[] {
  if (permission === 'open') return []
  if (permission === 'known' || permission === 'machine') return ['NOT_FOUND']
  return [...OF_ROOMS, ...RANKS.flatMap((rank) => refusalFor(rank, permission)?.code ?? [])]
}

/** What stands for all that follows, under a name: OpenAPI has no such parameter. */
const openPath = (path: string): string => path.replace(/\*$/, ':path')

/** The description of a path's parameter, by the segment before it. */
function pathParameter(name: string, path: string): string {
  if (name === 'path') return 'Where in the folder; slashes stay slashes. Empty for the list of what is in it.'
  if (name === 'room') return "The room's name, without regard to case."
  if (name === 'id') return path.startsWith('/files') ? "The file's id." : "The invitation's id, as in the list."
  return path.startsWith('/files')
    ? 'What it is to be saved as; only the id counts.'
    : 'How the file is called; without it, what the host makes of it.'
}

/** Made at the first request: nothing of it is needed to serve. */
export function openapiOf(routes: readonly DescribedRoute[], basePath = ''): object {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of routes) {
    const { method, about } = route
    if (about === undefined) continue
    const path = openPath(route.path)
    const named = path.replace(/:(\w+)/g, '{$1}')
    const names = [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => name)
    const parameters = names.map((name) => parameter('path', name, text(pathParameter(name, path))))
    paths[named] ??= parameters.length === 0 ? {} : { parameters }
    paths[named][method.toLowerCase()] = operationOf(about, refusalsOf(route))
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'tamtam',
      version: '1',
      description:
        'A chat room with a file drop. Every answer that is not 2xx or 3xx has the body { code, message }, and its code in Tamtam-Code; the codes are stable, the sentences are not.',
    },
    servers: [{ url: `${basePath}/` }],
    security: [{}, ...Object.keys(securitySchemes).map((name) => ({ [name]: [] }))],
    paths,
    components: {
      securitySchemes,
      responses: { Refused: { description: 'Why not.', content: contentOf(bodies.refusal) } },
      schemas: Object.fromEntries([...components].map(([schema, name]) => [name, described(name, schema)])),
    },
  }
}

function operationOf(
  { summary, query = {}, headers = {}, body, bodyIsOptional, answers }: Operation,
  refusals: ReadonlyMap<number, readonly HttpCode[]>,
): object {
  const parameters = [
    ...Object.entries(headers).map(([name, schema]) => parameter('header', name, schema)),
    ...Object.entries(query).map(([name, schema]) => parameter('query', name, schema)),
  ]
  const given = Object.entries<string | Answer>(answers).map(([status, answer]) => [status, answerOf(answer)])
  return {
    summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { required: bodyIsOptional !== true, content: contentOf(body) } }),
    responses: {
      ...Object.fromEntries(given),
      ...Object.fromEntries(Array.from(refusals, ([status, codes]) => [status, refusedAs(codes, answers[status])])),
      default: { $ref: '#/components/responses/Refused' },
    },
  }
}

function answerOf(answer: string | Answer): object {
  if (typeof answer === 'string') return { description: answer }
  const { description, body, headers } = answer
  return {
    description,
    ...(body === undefined ? {} : { content: contentOf(body) }),
    ...(headers === undefined ? {} : { headers: mapped(headers, (schema) => headerOf(schema)) }),
  }
}

/** `instead`: another body that this status may have. */
function refusedAs(codes: readonly HttpCode[], instead?: string | Answer): object {
  const refusal = { allOf: [schemaOf(bodies.refusal), objectOf({ code: { enum: codes } })] }
  const description = codes.join(', ')
  if (typeof instead !== 'object' || instead.body === undefined || 'contents' in instead.body)
    return { description, content: { [JSON_TYPE]: { schema: refusal } } }
  const schema = { anyOf: [schemaOf(instead.body), refusal] }
  return { description: `${instead.description} ${description}`, content: { [JSON_TYPE]: { schema } } }
}

function contentOf(body: v.GenericSchema | Contents): object {
  if (!('contents' in body)) return { [JSON_TYPE]: { schema: schemaOf(body) } }
  return mapped(body.contents, (schema) => {
    if (schema === undefined) return {}
    return { schema: 'json' in schema ? schema.json : schemaOf(schema) }
  })
}

function parameter(place: 'path' | 'query' | 'header', name: string, schema: v.GenericSchema): object {
  return { name, in: place, ...headerOf(schema), ...(isOptional(schema) ? {} : { required: true }) }
}

function headerOf(given: v.GenericSchema): object {
  const { description, ...schema } = schemaOf(given) as { readonly description?: string }
  return { ...(description === undefined ? {} : { description }), schema }
}

const securitySchemes = {
  name: {
    type: 'http',
    scheme: 'basic',
    description:
      "The user is the name to act under, the password the host's token, where it wants one; either may be empty.",
  },
  bearer: { type: 'http', scheme: 'bearer', description: "The host's token, where it wants one." },
  key: {
    ...{ type: 'apiKey', in: 'header', name: 'Tamtam-Key' },
    description: "The key of a session: the request is its member's, while that is in the room.",
  },
  password: {
    ...{ type: 'apiKey', in: 'header', name: 'Tamtam-Password' },
    description: "The room's, percent-encoded where it is not plain ASCII.",
  },
}

const components = new Map<v.GenericSchema, string>([
  [bodies.refusal, 'Refusal'],
  [bodies.sequence, 'Sequence'],
  [bodies.posted, 'Said'],
  [bodies.member, 'Member'],
  [bodies.eventKindsOverHttp.fileOffered.entries.file, 'File'],
  [bodies.eventKindsOverHttp.fileCompleted.entries.file, 'WholeFile'],
  [bodies.eventsOverHttp.pipe[0].item, 'Event'],
  [bodies.fileRow, 'ListedFile'],
  [bodies.audience, 'Audience'],
  [bodies.sentFile, 'Sent'],
])
const ABOUT: Readonly<Record<string, string>> = {
  Event:
    "Presence (joined, left, renamed, away, back, typing, fileProgressed, fileSpaceLow, filesExpiring) comes live only and has no sequence. missed stands for entries that are past the room's history or damaged, in pages of history too.",
  Audience: 'Who may see a file, where not everyone may: its sender, and one member, or the moderators.',
}

const described = (name: string, schema: v.GenericSchema): object =>
  name in ABOUT ? { ...inline(schema), description: ABOUT[name] } : inline(schema)

const isOptional = ({ type }: v.GenericSchema): boolean => type === 'optional' || type === 'exact_optional'

function mapped<Each>(record: Readonly<Record<string, Each>>, make: (each: Each) => object): Record<string, object> {
  return Object.fromEntries(Object.entries(record).map(([key, each]) => [key, make(each)]))
}

/** A valibot schema as JSON Schema: as much of both as `protocol/schema.ts` needs. Throws on anything else. */
function schemaOf(schema: v.GenericSchema): object {
  const name = components.get(schema)
  return name === undefined ? inline(schema) : ref(name)
}

/** The parts of valibot's schemas and actions that are looked at. */
interface Parts {
  readonly kind: string
  readonly type: string
  readonly pipe?: readonly (Parts & v.GenericSchema)[]
  readonly entries: Readonly<Record<string, v.GenericSchema>>
  readonly item: v.GenericSchema
  readonly wrapped: v.GenericSchema
  readonly options: readonly unknown[]
  readonly literal: unknown
  readonly default?: unknown
  readonly requirement: unknown
  readonly description: string
}

function inline(schema: v.GenericSchema): object {
  const parts = schema as unknown as Parts
  if (parts.pipe === undefined) return plain(parts)
  let made: object = {}
  // Of several schemas the last one describes the output.
  for (const each of parts.pipe) made = each.kind === 'schema' ? schemaOf(each) : { ...made, ...restricted(each) }
  return made
}

function plain({ type, entries, item, wrapped, options, literal, default: usual }: Parts): object {
  switch (type) {
    case 'string':
    case 'boolean':
      return { type }
    case 'custom':
      return { type: 'integer', minimum: 0 }
    case 'literal':
      return { const: literal }
    case 'picklist':
      return { enum: options }
    case 'array':
      return { type: 'array', items: schemaOf(item) }
    case 'exact_optional':
    case 'optional':
      return { ...schemaOf(wrapped), ...(usual === undefined ? {} : { default: usual }) }
    case 'lazy':
      return { oneOf: options.map((option) => schemaOf(option as v.GenericSchema)) }
    case 'object':
    case 'strict_object': {
      const required = Object.keys(entries).filter((key) => !isOptional(entries[key] as v.GenericSchema))
      const closed = type === 'object' ? {} : { additionalProperties: false }
      return { ...objectOf(mapped(entries, schemaOf), required), ...closed }
    }
    default:
      throw new Error(`there is no JSON Schema for ${type}`)
  }
}

function restricted({ type, requirement, description }: Parts): object {
  switch (type) {
    case 'description':
      return { description }
    case 'regex':
      return { pattern: (requirement as RegExp).source }
    case 'min_value':
      return { minimum: requirement }
    case 'max_value':
      return { maximum: requirement }
    case 'transform':
    case 'to_lower_case':
      return {}
    default:
      throw new Error(`there is no JSON Schema for ${type}`)
  }
}
