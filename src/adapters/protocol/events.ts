import type { Audience, Member, MentionedFile, RoomEvent, WholeFile } from '#domain/room/events.ts'
import { Fields } from './fields.ts'

const SHA256 = /^[0-9a-f]{64}$/
/** Data like a name: a host may say anything, and this becomes part of paths and of what terminals show (C38, C57). */
export const FILE_ID = /^[\w-]{1,64}$/

type ToldType = Exclude<RoomEvent['type'], 'shutOut'>
type Readers = { readonly [Type in ToldType]: (fields: Fields) => Extract<RoomEvent, { type: Type }> }

/** How each event is read; one that is missing here does not compile. */
const READERS: Readers = {
  said: (fields) => ({ type: 'said', ...stampOf(fields), text: fields.text('text') }),
  acted: (fields) => ({ type: 'acted', ...stampOf(fields), text: fields.text('text') }),
  whispered: (fields) => ({
    type: 'whispered',
    ...stampOf(fields),
    to: readMember(fields.fields('to')),
    text: fields.text('text'),
  }),
  topicSet: (fields) => ({ type: 'topicSet', ...stampOf(fields), topic: fields.text('topic') }),
  fileOffered: (fields) => ({ type: 'fileOffered', ...stampOf(fields), file: mentioned(fields.fields('file')) }),
  fileCompleted: (fields) => ({ type: 'fileCompleted', ...stampOf(fields), file: whole(fields.fields('file')) }),
  fileWithdrawn: (fields) => ({
    type: 'fileWithdrawn',
    ...stampOf(fields),
    file: mentioned(fields.fields('file')),
    reason: fields.text('reason'),
  }),
  fileReceived: (fields) => ({ type: 'fileReceived', ...stampOf(fields), file: mentioned(fields.fields('file')) }),
  opped: (fields) => ({
    type: 'opped',
    ...stampOf(fields),
    to: readMember(fields.fields('to')),
    person: fields.text('person'),
  }),
  deopped: (fields) => ({
    type: 'deopped',
    ...stampOf(fields),
    name: fields.text('name'),
    person: fields.text('person'),
  }),
  muted: (fields) => ({ type: 'muted', ...stampOf(fields), name: fields.text('name'), ...reasonOf(fields) }),
  unmuted: (fields) => ({ type: 'unmuted', ...stampOf(fields), name: fields.text('name') }),
  banned: (fields) => ({ type: 'banned', ...stampOf(fields), name: fields.text('name'), ...reasonOf(fields) }),
  unbanned: (fields) => ({ type: 'unbanned', ...stampOf(fields), name: fields.text('name') }),
  locked: (fields) => ({ type: 'locked', ...stampOf(fields) }),
  unlocked: (fields) => ({ type: 'unlocked', ...stampOf(fields) }),
  collectionStarted: (fields) => ({ type: 'collectionStarted', ...stampOf(fields) }),
  collectionEnded: (fields) => ({ type: 'collectionEnded', ...stampOf(fields) }),
  passwordSet: (fields) => ({ type: 'passwordSet', ...stampOf(fields) }),
  passwordRemoved: (fields) => ({ type: 'passwordRemoved', ...stampOf(fields) }),
  joined: (fields) => ({ type: 'joined', by: readMember(fields.fields('by')) }),
  left: (fields) => ({
    type: 'left',
    by: readMember(fields.fields('by')),
    reason: fields.text('reason'),
    ...(fields.has('kickedBy') ? { kickedBy: readMember(fields.fields('kickedBy')) } : {}),
  }),
  away: (fields) => ({ type: 'away', by: readMember(fields.fields('by')), reason: fields.text('reason') }),
  back: (fields) => ({ type: 'back', by: readMember(fields.fields('by')) }),
  typing: (fields) => ({
    type: 'typing',
    by: readMember(fields.fields('by')),
    at: fields.count('at'),
    forMs: fields.count('forMs'),
  }),
  fileProgressed: (fields) => ({
    type: 'fileProgressed',
    by: readMember(fields.fields('by')),
    file: mentioned(fields.fields('file')),
    bytes: fields.count('bytes'),
  }),
  renamed: (fields) => ({ type: 'renamed', by: readMember(fields.fields('by')), from: fields.text('from') }),
  missed: (fields) => ({ type: 'missed', from: fields.count('from'), to: fields.count('to') }),
}

/** The events of a list, without those of kinds that a newer host may have. Throws `BadMessage`. */
export function readEvents(list: readonly unknown[]): readonly RoomEvent[] {
  const events: RoomEvent[] = []
  for (const each of list) {
    const fields = new Fields(each)
    const type = fields.text('type')
    if (isKnown(type)) events.push(READERS[type](fields))
  }
  return events
}

export const readMember = (fields: Fields): Member => ({
  id: fields.text('id'),
  name: fields.text('name'),
  ...(fields.has('role') ? roleOf(fields.text('role')) : {}),
  ...(fields.has('away') ? { away: fields.text('away') } : {}),
})

/** A role that only a newer host knows is none here. */
const roleOf = (role: string): Pick<Member, 'role'> => (role === 'owner' || role === 'op' ? { role } : {})

const reasonOf = (fields: Fields): { readonly reason?: string } =>
  fields.has('reason') ? { reason: fields.text('reason') } : {}

const isKnown = (type: string): type is ToldType => Object.hasOwn(READERS, type)

const stampOf = (fields: Fields) => ({
  seq: fields.count('seq'),
  at: fields.count('at'),
  by: readMember(fields.fields('by')),
})

const mentioned = (fields: Fields): MentionedFile => ({
  id: fields.shaped('id', FILE_ID),
  name: fields.text('name'),
  ...(fields.has('size') ? { size: fields.count('size') } : {}),
  ...(fields.has('sha256') ? { sha256: fields.shaped('sha256', SHA256) } : {}),
  ...audienceOf(fields),
})

const whole = (fields: Fields): WholeFile => ({
  id: fields.shaped('id', FILE_ID),
  name: fields.text('name'),
  size: fields.count('size'),
  sha256: fields.shaped('sha256', SHA256),
  ...audienceOf(fields),
})

const audienceOf = (fields: Fields): { readonly audience?: Audience } => {
  if (!fields.has('audience')) return {}
  const told = fields.fields('audience')
  const from = readMember(told.fields('from'))
  return { audience: { from, to: told.isText('to') ? 'staff' : readMember(told.fields('to')) } }
}
