import { noSuchMessage, type Rejected, rejected } from '../errors.ts'
import { checkText } from '../names/text.ts'
import {
  type ComeBack,
  type CompleteFile,
  type GoAway,
  IN_BAND,
  type Join,
  type Known,
  type Leave,
  type OfferFile,
  type RemoveOwnFile,
  type Rename,
  type RoomCommand,
  type Say,
  type ServeFile,
  type Stamp,
  type Type,
  type Whisper,
} from './commands.ts'
import { hasListed } from './connections.ts'
import { isFounding } from './consequences.ts'
import { authorOf, type Member, type MentionedFile, type RoomEvent } from './events.ts'
import { arrivingAs, moderate, personOf, rankOf, restraintOf, skeletonOf, voicedIn } from './moderation.ts'
import { banned, notAMember, type Permission, refusalFor } from './permissions.ts'
import { isSender } from './receipts.ts'
import { slowed } from './slow-mode.ts'
import type { RoomFile, RoomState } from './state.ts'
import { addressee, admits, audienceFor, readerOf } from './visibility.ts'

/** The outcome of a command in this room: one event, nothing new, or a refusal. Reads the state and changes nothing. */
export function decide(state: RoomState, by: Member, command: RoomCommand, stamp: Stamp): RoomEvent | Known | Rejected {
  const { seq, at } = stamp
  switch (command.type) {
    case 'join':
      return join(state, by, command)
    case 'offerFile':
    case 'completeFile':
      return held(state, by) ?? transferred(state, by, command, stamp)
    case 'withdrawFile': {
      const known = state.files.get(command.file)
      if (known === undefined || isElsewhere(known, command.home)) return noSuchFile
      const { reason, removedBy } = command
      const removed = removedBy === undefined ? {} : { removedBy }
      return { type: 'fileWithdrawn', seq, at, by: authorOf(by), file: mentioned(known.file), reason, ...removed }
    }
    case 'progressFile': {
      const known = state.files.get(command.file)
      if (known?.status !== 'offered') return noSuchFile
      return { type: 'fileProgressed', by: known.by, file: known.file, bytes: command.bytes }
    }
    case 'serveFile':
      return served(state, by, command, stamp)
    case 'tellFileSpace':
      return { type: 'fileSpaceLow', used: command.used, quota: command.quota }
    case 'tellExpiring':
      return { type: 'filesExpiring', files: command.files }
    case 'tellPassword':
      return { type: command.isSet ? 'passwordSet' : 'passwordRemoved', seq, at, by: authorOf(by) }
    case 'shutPersonOut':
      return { type: 'shutOut', seq, at, by: authorOf(by), person: command.person }
  }

  const listed = state.members.get(by.id)
  const member = listed ?? state.hidden.get(by.id)
  const why = refusalFor(rankOf(state, by.id), permissionFor(state, by, command))
  if (why !== undefined) return why
  if (member === undefined) return notAMember
  switch (command.type) {
    case 'say':
    case 'act': {
      const text = checkText(command.text, stamp.maxTextBytes)
      if (typeof text !== 'string') return text
      const why = slowed(state, member, command, at)
      if (why !== undefined) return why
      const by = authorOf(member)
      if (command.type === 'act') return { type: 'acted', seq, at, by, text }
      return command.notice === true
        ? { type: 'said', seq, at, by, text, notice: true }
        : { type: 'said', seq, at, by, text }
    }
    case 'whisper':
      return whisper(state, member, command, stamp)
    case 'setTopic': {
      const topic = command.topic === '' ? '' : checkText(command.topic, stamp.maxTextBytes)
      if (typeof topic !== 'string') return topic
      if (topic === '' && state.rules.topic === '') return { type: 'known', seq: state.last }
      return { type: 'topicSet', seq, at, by: authorOf(member), topic }
    }
    case 'removeMessage': {
      const { message } = command
      if (message === undefined) return noSuchMessage
      const some = message.audience === undefined ? {} : { audience: message.audience }
      return { type: 'messageRemoved', seq, at, by: authorOf(member), target: command.seq, ...some }
    }
    case 'removeFile': {
      const known = state.files.get(command.file)
      if (known === undefined || !admits(known.file.audience, readerOf(state, member.id))) return noSuchFile
      const removedBy = authorOf(member)
      const { by: sender, file } = known
      return { type: 'fileWithdrawn', seq, at, by: sender, file: mentioned(file), reason: removal(member), removedBy }
    }
    case 'clear':
      return { type: 'cleared', seq, at, by: authorOf(member), upTo: state.last }
    case 'receiveFile': {
      const known = state.files.get(command.file)
      if (known?.status !== 'whole' || !admits(known.file.audience, readerOf(state, member.id))) return noSuchFile
      if (known.received.has(member.name) || state.receivers.get(command.file)?.has(member.id) === true)
        return { type: 'known', seq: state.last }
      if (known.received.size >= stamp.receiptsPerFile * (listed === undefined ? 0.5 : 1)) return tooManyReceipts
      const { sha256: _, ...file } = known.file
      return { type: 'fileReceived', seq, at, by: authorOf(member), file }
    }
  }

  // For listed members only.
  if (listed === undefined) return notAMember
  switch (command.type) {
    case 'rename':
      return rename(state, listed, command)
    case 'leave':
      // It has another connection.
      if (hasListed(state, by.id)) return { type: 'known', seq: state.last }
      return leave(state, listed, command, stamp)
    case 'away':
    case 'back':
    case 'typing':
      return present(state, listed, command, stamp)
    default:
      return moderate(state, listed, command, stamp)
  }
}

/** The permission required by each command; for removals it depends on the author. */
function permissionFor(state: RoomState, by: Member, command: MemberCommand): Permission {
  switch (command.type) {
    case 'setTopic':
      return state.rules.topicLocked ? 'setLockedTopic' : 'setTopic'
    case 'removeMessage':
      return command.message === undefined || isAuthor(state, by, command.message.author)
        ? 'removeMessage'
        : 'removeOthers'
    case 'removeFile': {
      const known = state.files.get(command.file)
      const isOthers = known !== undefined && !isAuthor(state, by, known.by) && !isOwner(state, by, known, command)
      return isOthers ? 'removeOthers' : 'removeFile'
    }
    default:
      return command.type
  }
}

/** Commands of a member or its connection, as opposed to those of the engine. */
type MemberCommand = Exclude<
  RoomCommand,
  {
    readonly type:
      | 'join'
      | 'offerFile'
      | 'completeFile'
      | 'withdrawFile'
      | 'progressFile'
      | 'serveFile'
      | 'tellPassword'
      | 'shutPersonOut'
      | 'tellFileSpace'
      | 'tellExpiring'
  }
>

const isAuthor = (state: RoomState, by: Member, author: Member): boolean =>
  by.id === author.id || personOf(state, by.id) === author.id

const isOwner = (state: RoomState, by: Member, { owner }: RoomFile, command: RemoveOwnFile): boolean =>
  owner !== undefined && (owner === command.owner || owner === personOf(state, by.id))

/** The reason given for a removed file. */
export const removal = ({ name }: Member): string => `removed by ${name}`

const mentioned = ({ id, name, folder, audience }: MentionedFile): MentionedFile => ({
  id,
  name,
  ...(folder === undefined ? {} : { folder }),
  ...(audience === undefined ? {} : { audience }),
})

const tooManyReceipts = rejected(
  'NOT_ALLOWED',
  'this file has as many receipts as a room keeps of one; that you have it is just not told',
)
const invitationEnded = rejected(
  'NO_SUCH_INVITATION',
  'this invitation does not hold any more: who gave it is banned; ask somebody in the room',
)
const full = rejected('FULL', 'this room has as many members as it takes; come again when somebody has left')
const noSuchFile = rejected('NO_SUCH_FILE', 'this room has no such file; /files lists those it has')

function join(state: RoomState, by: Member, { role, invited, inviter }: Join): RoomEvent | Known | Rejected {
  const arriving = arrivingAs(state, by, role)
  // This is another connection of a present member, so what keeps others out does not apply.
  if (state.members.has(by.id)) return arriving === 'banned' ? banned : { type: 'known', seq: state.last }
  // A ban of its maker ends an invitation.
  if (inviter !== undefined && state.bans.persons.has(inviter)) return invitationEnded
  const rank = arriving === 'nonMember' && invited === true ? 'member' : arriving
  const { inviteOnly, mostMembers } = state.rules
  const why = refusalFor(rank, inviteOnly ? 'enterLocked' : 'enter')
  if (why !== undefined) return why
  if (rank === 'owner' || rank === 'op') return { type: 'joined', by: { ...by, role: rank } }
  if (isFounding(state)) return { type: 'joined', by: { ...by, role: 'op' } }
  if (mostMembers > 0 && state.members.size >= mostMembers) return full
  return { type: 'joined', by: voicedIn(state, by) }
}

/** A banned name cannot be had by changing to it either. The name that a member already has is no news. */
function rename(state: RoomState, by: Member, { name }: Rename): RoomEvent | Known | Rejected {
  if (name === by.name) return { type: 'known', seq: state.last }
  if (state.bans.names.size > 0 && restraintOf(state, by.id, skeletonOf(name), by.role) === 'banned') return banned
  return { type: 'renamed', by: { ...by, name }, from: by.name }
}

/** Files outlive their sender's membership, and so do the rules that apply to the sender. */
function held(state: RoomState, { id, name }: Member): Rejected | undefined {
  const restraint = state.skeletons.has(id)
    ? state.restrained.get(id)
    : restraintOf(state, id, skeletonOf(name), undefined)
  return restraint === undefined ? undefined : refusalFor(restraint, 'upload')
}

/** The first event of a file decides its audience; it never changes. */
function transferred(
  state: RoomState,
  by: Member,
  command: OfferFile | CompleteFile,
  { seq, at }: Stamp,
): RoomEvent | Rejected {
  const known = state.files.get(command.file.id)
  // Another host may have removed it in the meantime.
  const isOld = command.type === 'completeFile' ? command.isOffered === true : command.instead !== undefined
  const home = command.type === 'completeFile' ? command.home : (command.instead ?? command.home)
  if (known === undefined ? isOld : isElsewhere(known, home)) return noSuchFile
  const audience = known === undefined ? audienceFor(state, by, command.file.audience?.to) : known.file.audience
  if (audience !== undefined && 'type' in audience) return audience
  const common = { seq, at, by: authorOf(by) }
  const some = audience === undefined ? {} : { audience }
  return command.type === 'offerFile'
    ? {
        ...{ type: 'fileOffered', ...common, file: { ...command.file, ...some } },
        ...(command.owner === undefined ? {} : { owner: command.owner }),
        ...(command.home === undefined ? {} : { home: command.home }),
      }
    : {
        ...{ type: 'fileCompleted', ...common, file: { ...command.file, ...some } },
        ...(known?.owner === undefined || known.owner === IN_BAND ? {} : { owner: known.owner }),
      }
}

/** Whether an upload that came in at `home` has gone on at another host since: `home` has no say in it any more. */
const isElsewhere = (known: RoomFile, home: string | undefined): boolean =>
  home !== undefined && (known.status === 'whole' || known.home !== home)

/** For members other than the sender. A member with a verified copy counts already. */
function served(
  state: RoomState,
  by: Member,
  { file: id }: ServeFile,
  { seq, at, receiptsPerFile }: Stamp,
): RoomEvent | Known | Rejected {
  const known = state.files.get(id)
  const member = state.members.get(by.id)
  if (known?.status !== 'whole' || !admits(known.file.audience, readerOf(state, by.id))) return noSuchFile
  const has = state.holders.get(id)?.has(by.id) === true || state.receivers.get(id)?.has(by.id) === true
  if (member === undefined || has || isSender(state, known, by.id) || known.served.size >= receiptsPerFile)
    return { type: 'known', seq: state.last }
  const { sha256: _, ...file } = known.file
  return { type: 'fileServed', seq, at, by: authorOf(member), file }
}

function whisper(state: RoomState, by: Member, command: Whisper, stamp: Stamp): RoomEvent | Rejected {
  const text = checkText(command.text, stamp.maxTextBytes)
  if (typeof text !== 'string') return text
  const to = addressee(state, command.to, command.member)
  if ('type' in to) return to
  const common = { seq: stamp.seq, at: stamp.at, by: authorOf(by) }
  return { type: 'whispered', ...common, to: authorOf(to), text, ...noticeOf(command) }
}

const noticeOf = ({ notice }: Say | Whisper): { readonly notice?: true } => (notice === true ? { notice } : {})

/** Longer words belong into a message. */
const MOST_FAREWELL_BYTES = 512

/** A member who may not speak at the moment leaves without parting words. */
function leave(state: RoomState, by: Member, { reason, message, quit }: Leave, { at, maxTextBytes }: Stamp): RoomEvent {
  const why = refusalFor(rankOf(state, by.id), 'say') ?? slowed(state, by, { type: 'say', text: '' }, at)
  const text =
    message === undefined || why !== undefined
      ? undefined
      : checkText(message, Math.min(MOST_FAREWELL_BYTES, maxTextBytes))
  return {
    ...{ type: 'left', by, reason },
    ...(typeof text === 'string' ? { message: text } : {}),
    ...(quit === true ? { quit } : {}),
  }
}

/** A room is told at most this often that a member is typing, and shows it for this long. */
const TYPING_EVERY_MS = 3000
const TYPING_FOR_MS = 6000

/** Presence: what members say about themselves; not kept in the journal. */
function present(
  state: RoomState,
  by: Member,
  command: GoAway | ComeBack | Type,
  { at, maxTextBytes }: Stamp,
): RoomEvent | Known | Rejected {
  const known: Known = { type: 'known', seq: state.last }
  const { away, ...here } = by
  switch (command.type) {
    case 'away': {
      const { reason = '' } = command
      const text = reason === '' ? '' : checkText(reason, maxTextBytes)
      if (typeof text !== 'string') return text
      return away === text ? known : { type: 'away', by: here, reason: text }
    }
    case 'back':
      return away === undefined ? known : { type: 'back', by: here }
    case 'typing': {
      if (refusalFor(rankOf(state, by.id), 'say') !== undefined) return known
      const last = state.typing.get(by.id)
      const isSoon = last !== undefined && at >= last && at - last < TYPING_EVERY_MS
      return isSoon ? known : { type: 'typing', by, at, forMs: TYPING_FOR_MS }
    }
    default:
      return command satisfies never
  }
}
