import * as v from 'valibot'
import type { RoomEvent } from '#domain/room/events.ts'
import { FILE_ID } from '#protocol/events.ts'

/** What hosts answer. Keys that are not known here are left out; what does not fit is no answer of a tamtam host. */

const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const digest = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))
const fileId = v.pipe(v.string(), v.regex(FILE_ID))
const by = v.object({
  id: v.string(),
  name: v.string(),
  role: v.exactOptional(v.picklist(['owner', 'op'])),
  away: v.exactOptional(v.string()),
})
const entry = { seq: whole, at: v.number(), by }
/** Any word that is no member: those who look after the room. */
const audience = v.object({
  from: by,
  to: v.union([
    by,
    v.pipe(
      v.string(),
      v.transform(() => 'staff' as const),
    ),
  ]),
})
const offered = v.object({
  id: fileId,
  name: v.string(),
  size: v.exactOptional(whole),
  sha256: v.exactOptional(digest),
  url: v.exactOptional(v.string()),
  audience: v.exactOptional(audience),
})
const complete = v.object({
  id: fileId,
  name: v.string(),
  size: whole,
  sha256: digest,
  url: v.exactOptional(v.string()),
  audience: v.exactOptional(audience),
})

const event = v.variant('type', [
  v.object({ type: v.literal('said'), ...entry, text: v.string() }),
  v.object({ type: v.literal('acted'), ...entry, text: v.string() }),
  v.object({ type: v.literal('whispered'), ...entry, to: by, text: v.string() }),
  v.object({ type: v.literal('topicSet'), ...entry, topic: v.string() }),
  v.object({ type: v.literal('fileOffered'), ...entry, file: offered }),
  v.object({ type: v.literal('fileCompleted'), ...entry, file: complete }),
  v.object({ type: v.literal('fileWithdrawn'), ...entry, file: offered, reason: v.string() }),
  v.object({ type: v.literal('fileReceived'), ...entry, file: offered }),
  v.object({ type: v.literal('opped'), ...entry, to: by, person: v.string() }),
  v.object({ type: v.literal('deopped'), ...entry, name: v.string(), person: v.string() }),
  v.object({ type: v.picklist(['muted', 'banned']), ...entry, name: v.string(), reason: v.exactOptional(v.string()) }),
  v.object({ type: v.picklist(['unmuted', 'unbanned']), ...entry, name: v.string() }),
  v.object({ type: v.picklist(['locked', 'unlocked', 'collectionStarted', 'collectionEnded']), ...entry }),
  v.object({ type: v.picklist(['passwordSet', 'passwordRemoved']), ...entry }),
  v.object({ type: v.literal('joined'), by }),
  v.object({ type: v.literal('left'), by, reason: v.string(), kickedBy: v.exactOptional(by) }),
  v.object({ type: v.literal('renamed'), by, from: v.string() }),
  v.object({ type: v.literal('away'), by, reason: v.string() }),
  v.object({ type: v.literal('back'), by }),
  v.object({ type: v.literal('typing'), by, at: v.number(), forMs: whole }),
  v.object({ type: v.literal('fileProgressed'), by, file: offered, bytes: whole }),
  v.object({ type: v.literal('missed'), from: whole, to: whole }),
])

/** Undefined for what a newer host may tell of and this version does not know. */
export function eventOf(value: unknown): RoomEvent | undefined {
  const parsed = v.safeParse(event, value)
  return parsed.success ? parsed.output : undefined
}

export const eventPage = v.object({ events: v.array(v.unknown()), last: whole })

export const searched = v.object({ events: v.array(v.unknown()) })

export const invitation = v.object({ room: v.string(), id: v.string(), code: v.string(), expiresAt: v.number() })
export type Invitation = v.InferOutput<typeof invitation>

export const invitations = v.object({
  invitations: v.array(v.object({ id: v.string(), expiresAt: v.number(), used: v.boolean() })),
})
export type KeptInvitation = v.InferOutput<typeof invitations>['invitations'][number]

export const posted = v.object({ seq: whole, duplicate: v.boolean() })

export const roomList = v.object({ rooms: v.array(v.object({ name: v.string(), members: whole, last: whole })) })
export type RoomRow = v.InferOutput<typeof roomList>['rooms'][number]

export const roomFacts = v.object({ name: v.string(), topic: v.string(), last: whole, members: v.array(v.string()) })
export type RoomFacts = v.InferOutput<typeof roomFacts>

const receipt = v.object({ name: v.string(), at: v.number() })

const fileRow = v.object({
  id: fileId,
  name: v.string(),
  by: v.union([
    v.string(),
    v.pipe(
      by,
      v.transform(({ name }) => name),
    ),
  ]),
  at: v.number(),
  status: v.picklist(['whole', 'arriving', 'paused']),
  size: v.nullish(whole),
  sha256: v.nullish(digest),
  offset: v.nullish(whole),
  url: v.string(),
  audience: v.exactOptional(audience),
  verified: v.optional(whole, 0),
  byId: v.optional(v.string(), ''),
  receipts: v.optional(v.array(receipt), []),
})
export const fileList = v.object({ files: v.array(fileRow) })
/** A file in a room's list. One that is not whole has `offset`, and size and digest only where its sender told them. */
export type FileRow = v.InferOutput<typeof fileRow>

export const receipts = v.object({
  verified: v.array(receipt),
  waiting: v.array(v.string()),
})
export type Receipts = v.InferOutput<typeof receipts>
