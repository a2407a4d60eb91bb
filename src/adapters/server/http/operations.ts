import * as v from 'valibot'
import type { HttpCode, TUS_STATUSES } from '#protocol/errors.ts'
import * as bodies from '#protocol/schema.ts'
import { TUS_VERSION } from '#protocol/tus.ts'

/** A route's description in the OpenAPI document. Optional parameters have an optional schema. */
export interface Operation {
  readonly summary: string
  readonly query?: Parameters
  readonly headers?: Parameters
  /** By media type; undefined for any bytes. */
  readonly body?: Contents
  readonly bodyIsOptional?: true
  readonly answers: Readonly<Record<number, string | Answer>>
  /** Its own refusal codes, besides those of its permission and its body: `refusalsOf`. */
  readonly refusals?: readonly HttpCode[]
  readonly tusRefusals?: readonly (keyof typeof TUS_STATUSES)[]
}
export interface Answer {
  readonly description: string
  readonly body?: v.GenericSchema | Contents
  readonly headers?: Parameters
}
export type Parameters = Readonly<Record<string, v.GenericSchema>>
export type Contents = { readonly contents: Readonly<Record<string, v.GenericSchema | JsonSchema | undefined>> }
type JsonSchema = { readonly json: object }

export const JSON_TYPE = 'application/json'

export const text = (description: string) => v.pipe(v.string(), v.description(description))
const bytes = (description: string) => v.pipe(bodies.count, v.description(description))
const { optional } = v
/** A schema used in several places, by its name. */
export function ref(name: string): object {
  return { $ref: `#/components/schemas/${name}` }
}

export function objectOf(properties: Readonly<Record<string, object>>, required = Object.keys(properties)): object {
  return { type: 'object', properties, required }
}

/** For routes that add something to a room. */
const taking = ['READ_ONLY', 'DISK_FULL'] as const
/** For routes that add files. */
const takingFiles = [
  ...taking,
  'BAD_NAME',
  'NO_SUCH_MEMBER',
  'FILE_TOO_LARGE',
  'TOO_MANY_FILES',
  'HASH_MISMATCH',
] as const
/** For routes that write a body into a file. */
const writing = [...taking, 'FILE_TOO_LARGE', 'TRANSFER_CUT', 'TRANSFER_STALLED', 'FENCED', 'BAD_OFFSET'] as const
/** For files in a form. */
const form = { json: { type: 'object', additionalProperties: { type: 'string', format: 'binary' } } }
const sentFiles = { json: { anyOf: [ref('Sent'), objectOf({ files: { type: 'array', items: ref('Sent') } })] } }
const limit = optional(v.pipe(bodies.count, v.minValue(1), v.maxValue(500), v.description('How many at most.')), 100)
const to = optional(text('The name of the one member whom the file is for; left out, it is for everyone.'))
const collected = optional(text('1: what was handed in, in a folder for each person; for moderators.'))
const only = optional(text('Ids of files, with commas between them: these alone.'))
const ticket = optional(text('From a link of POST /files/{id}/links: stands for all that a request shows.'))
const dropName = optional(text('Whose it is; the user of HTTP Basic will do as well.'))
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
    refusals: ['READ_ONLY'],
  },
  readiness: {
    summary: 'Whether a balancer should send people here.',
    answers: {
      200: { description: 'It should.', body: bodies.health },
      503: {
        description: 'It takes nothing just now, or has not got what other hosts have said.',
        body: bodies.unhealthy,
      },
    },
    refusals: ['READ_ONLY'],
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
    summary: 'The rooms that are in use or have a history, as far as the requester may see them.',
    answers: { 200: { description: 'By name.', body: bodies.roomList } },
    refusals: ['TRY_LATER'],
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
    refusals: [...taking, 'BAD_TEXT', 'LINE_TOO_LONG', 'SLOW_MODE', 'ID_REUSED'],
  },
  removeMessage: {
    summary:
      "Takes a message away: one's own, or, as a moderator, anybody's. Its text is gone, a trace stays in its place.",
    answers: { 204: 'It is gone.' },
    refusals: [...taking, 'NO_SUCH_MESSAGE', 'NOT_ALLOWED', 'MUTED', 'BAD_REQUEST'],
  },
  setPassword: {
    summary: "Sets the room's password: for moderators. Who is in stays in.",
    body: { contents: { [JSON_TYPE]: bodies.password } },
    answers: { 204: 'It holds from now on.' },
    refusals: [...taking, 'BAD_TEXT'],
  },
  removePassword: {
    summary: "Takes the room's password away.",
    answers: { 204: 'Nobody is asked for one any more.' },
    refusals: taking,
  },
  listInvitations: {
    summary: 'The invitations by which somebody may still come in, without their codes: for the moderators.',
    answers: { 200: { description: 'All of them, the oldest first.', body: bodies.invitations } },
  },
  invite: {
    summary: 'What lets one more person into the room, once: for moderators.',
    answers: { 201: { description: 'The invitation.', body: bodies.invitation } },
    refusals: taking,
  },
  revoke: {
    summary: 'Takes an invitation back, used or not: for the moderators.',
    answers: { 204: 'Nobody comes in by it any more.' },
    refusals: [...taking, 'NO_SUCH_INVITATION'],
  },
  addDropLink: {
    summary: 'An address by which anybody may put files into the room, for its moderators alone: for moderators.',
    body: { contents: { [JSON_TYPE]: bodies.dropLinkWish } },
    bodyIsOptional: true,
    answers: { 201: { description: 'The link, a path on this host.', body: bodies.dropLink } },
    refusals: taking,
  },
  listDropLinks: {
    summary: 'The drop links of the room that are valid: for moderators.',
    answers: { 200: { description: 'All of them, the oldest first.', body: bodies.dropLinks } },
  },
  revokeDropLink: {
    summary: 'Takes a drop link back: for moderators.',
    answers: { 204: 'Nothing comes in by it any more.' },
    refusals: [...taking, 'NO_SUCH_LINK'],
  },
  dropFacts: {
    summary: 'Until when a drop link is valid, and nothing else.',
    answers: { 200: { description: 'It is.', body: bodies.dropFacts } },
  },
  drop: {
    summary: 'Puts a whole file into the room of a drop link, for its moderators alone.',
    headers: reprDigest,
    query: { name: dropName },
    body: { contents: { 'application/octet-stream': undefined } },
    answers: { 201: { description: 'It is there.', body: bodies.sentFile, headers: location } },
    refusals: [...takingFiles, ...writing, 'UNSUPPORTED_TYPE', 'TOO_LARGE', 'BAD_NAME', 'NAME_TAKEN'],
  },
  dropForm: {
    summary: 'The same with the files of a form.',
    query: { name: dropName },
    body: { contents: { 'multipart/form-data': form } },
    answers: { 201: several },
    refusals: [...takingFiles, ...writing, 'UNSUPPORTED_TYPE', 'TOO_LARGE', 'BAD_NAME', 'NAME_TAKEN'],
  },
  createDrop: {
    summary: `The same as a resumable upload (tus ${TUS_VERSION}), which goes on at its Location by HEAD, PATCH and DELETE.`,
    headers: {
      ...tus,
      'Upload-Length': optional(bytes('Bytes of the whole file.')),
      'Upload-Defer-Length': optional(text('1 where the length is told later.')),
      'Upload-Metadata': optional(text('filename, and sha256 of the whole file.')),
    },
    query: { name: dropName },
    body: { contents: { 'application/offset+octet-stream': undefined } },
    bodyIsOptional: true,
    answers: {
      201: {
        description: 'Begun; with the first bytes, or whole, as Upload-Offset tells.',
        headers: { ...location, ...progress },
      },
    },
    refusals: [...takingFiles, ...writing, 'UNSUPPORTED_TYPE', 'TOO_LARGE', 'BAD_NAME', 'NAME_TAKEN'],
  },
  headDropped: {
    summary: 'How far the upload has come; one that is whole has an ETag.',
    answers: { 200: { description: 'So it is.', headers: progress } },
  },
  listFiles: {
    summary: "The room's files, in the order in which they were offered.",
    query: { folders: optional(text('1: a folder is one of them; else each file in it is.')) },
    answers: { 200: { description: 'All of them.', body: bodies.fileList } },
  },
  listHandIns: {
    summary: 'Who has handed in what, and who was there while the room collected and has not: for moderators.',
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
    refusals: [...takingFiles, ...writing, 'UNSUPPORTED_TYPE', 'TOO_LARGE'],
    tusRefusals: ['HASH_MISMATCH'],
  },
  putFile: {
    summary: 'Puts a whole file into the room.',
    headers: reprDigest,
    query: { to },
    body: { contents: { 'application/octet-stream': undefined } },
    answers: { 201: { description: 'It is there.', body: bodies.sentFile, headers: location }, 200: had },
    refusals: [...takingFiles, ...writing, 'UNSUPPORTED_TYPE', 'TOO_LARGE'],
  },
  postFile: {
    summary: 'The same as PUT; or the files of a form, under their own names.',
    headers: reprDigest,
    query: { to },
    body: { contents: { '*/*': undefined, 'multipart/form-data': form } },
    answers: { 201: several, 200: had },
    refusals: [...takingFiles, ...writing, 'UNSUPPORTED_TYPE', 'TOO_LARGE'],
  },
  postToFileHost: {
    summary: 'For clients of IRC: a whole file, into the room in which its sender has spoken last.',
    headers: { ...reprDigest, 'Content-Disposition': optional(text('With the name: filename, or filename*.')) },
    body: { contents: { '*/*': undefined } },
    answers: { 201: { description: 'It is there.', body: bodies.sentFile, headers: location } },
    refusals: [...takingFiles, ...writing, 'UNSUPPORTED_TYPE', 'TOO_LARGE'],
  },
  postForm: {
    summary: 'Brings the files of a form into the room; what else is in it is read over.',
    query: { to },
    body: { contents: { 'multipart/form-data': form } },
    answers: { 201: several },
    refusals: [...takingFiles, ...writing, 'UNSUPPORTED_TYPE', 'TOO_LARGE'],
  },
  getFile: {
    summary: 'The bytes; of a file that is still arriving, as they come.',
    headers: {
      Range: optional(text('One range of bytes.')),
      'If-Range': optional(text('The ETag or date that the range belongs to.')),
      'If-None-Match': optional(text('ETags that the requester has.')),
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
    refusals: ['BAD_RANGE'],
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
  getNamed: {
    summary: 'The same; of a folder, which is a tar, as a zip where the name ends so.',
    query: { ticket },
    answers: {
      200: {
        description: 'All of it. A zip is made as it is sent: its length is known, and it has no ranges.',
        body: { contents: { 'application/octet-stream': { json: {} }, 'application/zip': undefined } },
      },
      206: {
        description: 'The part that was asked for.',
        body: { contents: { 'application/octet-stream': undefined } },
      },
      304: 'Not changed.',
    },
    refusals: ['BAD_RANGE', 'BAD_FOLDER'],
  },
  getInFolder: {
    summary: 'One file of a folder, like any file; or without a path, what is in the folder.',
    query: { ticket },
    answers: {
      200: {
        description: 'The list, or the bytes.',
        body: { contents: { [JSON_TYPE]: bodies.folderListing, 'application/octet-stream': undefined } },
      },
      206: {
        description: 'The part that was asked for.',
        body: { contents: { 'application/octet-stream': undefined } },
      },
      304: 'Not changed.',
    },
    refusals: ['BAD_RANGE', 'BAD_FOLDER'],
  },
  roomArchive: {
    summary: 'All whole files of the room that the requester may see, folders as folders, in one archive.',
    query: { collected, only, ticket },
    answers: {
      200: {
        description: 'Made as it is sent: its length is known, and it has no ranges.',
        body: { contents: { 'application/octet-stream': undefined } },
      },
    },
    refusals: ['NOT_ALLOWED', 'BAD_FOLDER'],
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
    refusals: [...writing, 'NOT_OWNER', 'UNSUPPORTED_TYPE', 'HASH_MISMATCH', 'TOO_LARGE'],
    tusRefusals: ['HASH_MISMATCH'],
  },
  overridden: {
    summary: 'The same as PATCH or DELETE, as X-HTTP-Method-Override says, for clients that can only POST.',
    headers: { 'X-HTTP-Method-Override': text('PATCH or DELETE.') },
    answers: { 204: { description: 'Done.', headers: progress } },
    refusals: [...writing, 'NOT_OWNER', 'UNSUPPORTED_TYPE', 'HASH_MISMATCH', 'TOO_LARGE', 'METHOD_NOT_ALLOWED'],
    tusRefusals: ['HASH_MISMATCH'],
  },
  removeUpload: {
    summary: "Takes a file away, whole or on its way: one's own, or, as a moderator, any. 403 for others.",
    answers: { 204: 'It is gone.' },
    refusals: [...taking, 'NOT_OWNER', 'NOT_ALLOWED', 'MUTED'],
  },
  listReceipts: {
    summary: 'Who has the file whole, and who in the room has not said so.',
    answers: { 200: { description: 'By name.', body: bodies.receipts } },
  },
  addReceipt: {
    summary: 'Says that the requester has the file whole.',
    body: { contents: { [JSON_TYPE]: bodies.receipt } },
    answers: { 201: { description: 'Noted.', body: v.object({ sha256: v.string() }) } },
    refusals: [...taking, 'HASH_MISMATCH'],
  },
  addLink: {
    summary: 'A link that opens the file by itself for a while, as whoever asks.',
    answers: { 201: { description: 'The link, a path on this host.', body: bodies.signedLink } },
  },
  addRoomLink: {
    summary: "The same for the room's archives.",
    query: { collected, only },
    answers: { 201: { description: 'The link of the zip; the tar has the same.', body: bodies.signedLink } },
  },
} satisfies Readonly<Record<string, Operation>>
