import * as v from 'valibot'
import * as bodies from '#protocol/schema.ts'
import { TUS_VERSION } from '#protocol/tus.ts'

/** The OpenAPI document: the table of routes, their descriptions below, and the schemas of their bodies. */

/** The document's description of a route. Parameters that are optional have an optional schema. */
export interface Operation {
  readonly summary: string
  readonly query?: Parameters
  readonly headers?: Parameters
  /** By media type; undefined where they are any bytes. */
  readonly body?: Contents
  readonly bodyIsOptional?: true
  readonly answers: Readonly<Record<number, string | Answer>>
}
interface DescribedRoute {
  readonly method: string
  /** As fastify writes one: `/rooms/:room`. */
  readonly path: string
  readonly about?: Operation
}
interface Answer {
  readonly description: string
  readonly body?: v.GenericSchema | Contents
  readonly headers?: Parameters
}
type Parameters = Readonly<Record<string, v.GenericSchema>>
type Contents = { readonly contents: Readonly<Record<string, v.GenericSchema | JsonSchema | undefined>> }
type JsonSchema = { readonly json: object }

const JSON_TYPE = 'application/json'

const text = (description: string) => v.pipe(v.string(), v.description(description))
const bytes = (description: string) => v.pipe(bodies.count, v.description(description))
const { optional } = v
/** Of files in a form. */
const form = { json: { type: 'object', additionalProperties: { type: 'string', format: 'binary' } } }
const sentFiles = { json: { anyOf: [ref('Sent'), objectOf({ files: { type: 'array', items: ref('Sent') } })] } }
const limit = optional(v.pipe(bodies.count, v.minValue(1), v.maxValue(500), v.description('How many at most.')), 100)
const to = optional(text('The name of the one member whom the file is for; left out, it is for everybody.'))
const ticket = optional(text('From a link of POST /files/{id}/links: stands for all that a request shows.'))
const location = { Location: text("The file's address.") }
const progress = {
  'Upload-Offset': bytes('Bytes that would survive a crash.'),
  'Upload-Expires': text('Until when the upload can go on.'),
}
const tus = {
  'Tus-Resumable': optional(text(TUS_VERSION)),
  'Upload-Checksum': optional(text('sha1 or sha256 of the bytes of this request.')),
}
const reprDigest = {
  'Repr-Digest': optional(text('sha-256 of the whole file, checked before it is in the room (RFC 9530).')),
}
const had = { description: 'The room had these bytes already, by this name.', body: bodies.sentFile }
const several = {
  description: 'It is there; several are under files, in their order.',
  body: { contents: { [JSON_TYPE]: sentFiles } },
  headers: location,
}

export const operations = {
  health: {
    summary: 'Whether the host is well.',
    answers: {
      200: { description: 'It serves; degraded where damaged history was met, or set aside.', body: bodies.health },
      503: { description: 'The stores take nothing just now.', body: bodies.unhealthy },
    },
  },
  metrics: {
    summary: 'What is measured, for Prometheus.',
    answers: { 200: { description: 'Text.', body: { contents: { 'text/plain': v.string() } } } },
  },
  document: {
    summary: 'This document.',
    answers: { 200: { description: 'It.', body: { contents: { [JSON_TYPE]: { json: { type: 'object' } } } } } },
  },
  listRooms: {
    summary: 'The rooms that are in use or have a history, as far as the asker may see them.',
    answers: { 200: { description: 'By name.', body: bodies.roomList } },
  },
  showRoom: {
    summary: 'A room and who is in it.',
    answers: { 200: { description: 'The room.', body: bodies.roomFacts } },
  },
  events: {
    summary: 'What was said and done: a page, or a stream that stays open, by Accept.',
    query: {
      after: optional(v.pipe(bodies.sequence, v.description('Only what comes after this sequence.'))),
      before: optional(v.pipe(bodies.sequence, v.description('Of a page, only what comes before this sequence.'))),
      limit,
    },
    headers: {
      'Last-Event-ID': optional(v.pipe(bodies.sequence, v.description('Of Server-Sent Events, stands for after.'))),
    },
    answers: {
      200: {
        description: 'A page; or one event a line; or Server-Sent Events whose ids are sequences.',
        body: {
          contents: {
            [JSON_TYPE]: bodies.eventPage,
            'application/x-ndjson': { json: ref('Event') },
            'text/event-stream': v.string(),
          },
        },
      },
    },
  },
  search: {
    summary: 'The newest texts that have all words, each as the beginning of one of theirs.',
    query: { q: text('The words.'), limit },
    answers: { 200: { description: 'Oldest first.', body: bodies.searched } },
  },
  say: {
    summary: 'Says something; several lines of plain text are several messages.',
    headers: { 'Idempotency-Key': optional(bodies.messageKey) },
    body: {
      contents: {
        'text/plain': v.string(),
        [JSON_TYPE]: bodies.message,
        'application/x-www-form-urlencoded': text('Taken as plain text: what curl -d says of everything.'),
      },
    },
    answers: {
      201: { description: 'Said.', body: bodies.posted },
      200: { description: 'Said before, with the same Idempotency-Key.', body: bodies.posted },
    },
  },
  setPassword: {
    summary: "Sets the room's password: for operators. Who is in stays in.",
    body: { contents: { [JSON_TYPE]: bodies.password } },
    answers: { 204: 'It holds from now on.' },
  },
  removePassword: {
    summary: "Takes the room's password away.",
    answers: { 204: 'Nobody is asked for one any more.' },
  },
  listInvitations: {
    summary: 'The invitations by which somebody may still come in, without their codes: for the operators.',
    answers: { 200: { description: 'All of them, the oldest first.', body: bodies.invitations } },
  },
  invite: {
    summary: 'What lets one more person into the room, once: for operators.',
    answers: { 201: { description: 'The invitation.', body: bodies.invitation } },
  },
  revoke: {
    summary: 'Takes an invitation back, used or not: for the operators.',
    answers: { 204: 'Nobody comes in by it any more.' },
  },
  listFiles: {
    summary: "The room's files, in the order in which they were offered.",
    answers: { 200: { description: 'All of them.', body: bodies.fileList } },
  },
  listHandIns: {
    summary: 'Who has handed in what, and who was there while the room collected and has not: for operators.',
    answers: { 200: { description: 'By the first file of each; those with none behind them.', body: bodies.handIns } },
  },
  createUpload: {
    summary: `Begins a resumable upload (tus ${TUS_VERSION}); or brings the files of a form.`,
    headers: {
      ...tus,
      'Upload-Length': optional(bytes('Bytes of the whole file.')),
      'Upload-Defer-Length': optional(text('1 where the length is told later.')),
      'Upload-Metadata': optional(text('filename, and sha256 of the whole file.')),
    },
    query: { to },
    body: { contents: { 'application/offset+octet-stream': undefined, 'multipart/form-data': form } },
    bodyIsOptional: true,
    answers: {
      201: {
        description: 'Begun; with the first bytes, or whole, as Upload-Offset tells.',
        headers: { ...location, ...progress },
        body: { contents: { [JSON_TYPE]: sentFiles } },
      },
    },
  },
  putFile: {
    summary: 'Puts a whole file into the room.',
    headers: reprDigest,
    query: { to },
    body: { contents: { 'application/octet-stream': undefined } },
    answers: { 201: { description: 'It is there.', body: bodies.sentFile, headers: location }, 200: had },
  },
  postFile: {
    summary: 'The same as PUT; or the files of a form, under their own names.',
    headers: reprDigest,
    query: { to },
    body: { contents: { '*/*': undefined, 'multipart/form-data': form } },
    answers: { 201: several, 200: had },
  },
  postForm: {
    summary: 'Brings the files of a form into the room; what else is in it is read over.',
    query: { to },
    body: { contents: { 'multipart/form-data': form } },
    answers: { 201: several },
  },
  getFile: {
    summary: 'The bytes; of a file that is still arriving, as they come.',
    headers: {
      Range: optional(text('One range of bytes.')),
      'If-Range': optional(text('The ETag or date that the range belongs to.')),
      'If-None-Match': optional(text('ETags that the asker has.')),
    },
    query: { ticket },
    answers: {
      200: {
        description: 'All of it.',
        body: { contents: { 'application/octet-stream': { json: {} } } },
        headers: {
          ETag: text('Made of the digest, once the file is whole.'),
          'Repr-Digest': text('sha-256, once the file is whole.'),
        },
      },
      206: {
        description: 'The part that was asked for.',
        body: { contents: { 'application/octet-stream': undefined } },
      },
      304: 'Not changed.',
    },
  },
  headFile: {
    summary: 'What GET would say of the file; of one that is not whole, where its upload goes on.',
    query: { ticket },
    answers: {
      200: {
        description: 'So it is.',
        headers: {
          ...progress,
          'Upload-Length': bytes('Where known.'),
          'Upload-Prefix-Digest': text('sha-256 of the bytes before the offset; for the owner of the upload alone.'),
        },
      },
    },
  },
  patchUpload: {
    summary: "Goes on with an upload of one's own (tus); 403 NOT_OWNER for others.",
    headers: {
      'Upload-Prefix-Digest': optional(
        text(
          'sha-256 of the bytes before the offset: from somebody else who sends the same file, where its digest was promised.',
        ),
      ),
      ...tus,
      'Upload-Offset': bytes('Where these bytes belong.'),
    },
    body: { contents: { 'application/offset+octet-stream': undefined } },
    answers: { 204: { description: 'Taken.', headers: progress } },
  },
  overridden: {
    summary: 'The same as PATCH or DELETE, as X-HTTP-Method-Override says, for clients that can only POST.',
    headers: { 'X-HTTP-Method-Override': text('PATCH or DELETE.') },
    answers: { 204: { description: 'Done.', headers: progress } },
  },
  removeUpload: {
    summary:
      "Withdraws an upload of one's own that is not whole yet, or, as an operator, any; 403 NOT_OWNER for others.",
    answers: { 204: 'It is gone.' },
  },
  listReceipts: {
    summary: 'Who has the file whole, and who in the room has not said so.',
    answers: { 200: { description: 'By name.', body: bodies.receipts } },
  },
  addReceipt: {
    summary: 'Says that the asker has the file whole.',
    body: { contents: { [JSON_TYPE]: bodies.receipt } },
    answers: { 201: { description: 'Noted.', body: v.object({ sha256: v.string() }) } },
  },
  addLink: {
    summary: 'A link that opens the file by itself for a while, as whoever asks.',
    answers: { 201: { description: 'The link, a path on this host.', body: bodies.signedLink } },
  },
} satisfies Readonly<Record<string, Operation>>

/** The description of a path's parameter, by the segment before it. */
function pathParameter(name: string, path: string): string {
  if (name === 'room') return "The room's name, without regard to case."
  if (name === 'id') return path.startsWith('/files') ? "The file's id." : "The invitation's id, as in the list."
  return path.startsWith('/files')
    ? 'What it is to be saved as; only the id counts.'
    : 'How the file is called; without it, what the host makes of it.'
}

/** Made at the first request: nothing of it is needed to serve. */
export function openapiOf(routes: readonly DescribedRoute[]): object {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const { method, path, about } of routes) {
    if (about === undefined) continue
    const named = path.replace(/:(\w+)/g, '{$1}')
    const names = [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => name)
    const parameters = names.map((name) => parameter('path', name, text(pathParameter(name, path))))
    paths[named] ??= parameters.length === 0 ? {} : { parameters }
    paths[named][method.toLowerCase()] = operationOf(about)
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'tamtam',
      version: '1',
      description:
        'A chat room with a file drop. Every answer that is not 2xx or 3xx has the body { code, message }, and its code in Tamtam-Code; the codes are stable, the sentences are not.',
    },
    servers: [{ url: '/' }],
    security: [{}, ...Object.keys(securitySchemes).map((name) => ({ [name]: [] }))],
    paths,
    components: {
      securitySchemes,
      responses: { Refused: { description: 'Why not.', content: contentOf(bodies.refusal) } },
      schemas: Object.fromEntries([...components].map(([schema, name]) => [name, described(name, schema)])),
    },
  }
}

function operationOf({ summary, query = {}, headers = {}, body, bodyIsOptional, answers }: Operation): object {
  const parameters = [
    ...Object.entries(headers).map(([name, schema]) => parameter('header', name, schema)),
    ...Object.entries(query).map(([name, schema]) => parameter('query', name, schema)),
  ]
  const given = Object.entries<string | Answer>(answers).map(([status, answer]) => [status, answerOf(answer)])
  return {
    summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { required: bodyIsOptional !== true, content: contentOf(body) } }),
    responses: { ...Object.fromEntries(given), default: { $ref: '#/components/responses/Refused' } },
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
    "Presence (joined, left, renamed, away, back, typing, fileProgressed, fileSpaceLow) comes live only and has no sequence. missed stands for entries that are past the room's history or damaged, in pages of history too.",
  Audience: 'Who may see a file, where not everybody may: its sender, and one member, or the operators.',
}

const described = (name: string, schema: v.GenericSchema): object =>
  name in ABOUT ? { ...inline(schema), description: ABOUT[name] } : inline(schema)

function ref(name: string): object {
  return { $ref: `#/components/schemas/${name}` }
}

function objectOf(properties: Readonly<Record<string, object>>, required = Object.keys(properties)): object {
  return { type: 'object', properties, required }
}

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
