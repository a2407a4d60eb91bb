import { type Rejected, rejected } from '../rejection.ts'
import { checkText } from '../text/message-text.ts'
import type { RoomCommand, Whisper } from './commands.ts'
import type { RoomEvent } from './events.ts'
import type { Member } from './member.ts'
import type { RoomState } from './state.ts'

/** What the decision is stamped with: the sequence it gets if it is an entry, the time, and the room's limits. */
export interface Stamp {
  readonly seq: number
  readonly at: number
  readonly maxTextBytes: number
}

/** The room knows already what the command says, and by the entry `seq` at the latest: nothing is to be added. */
export interface Known {
  readonly type: 'known'
  readonly seq: number
}

/** What a command comes to in this room: one event, nothing new, or a refusal. Reads the state, changes nothing. */
export function decide(state: RoomState, by: Member, command: RoomCommand, stamp: Stamp): RoomEvent | Known | Rejected {
  const { seq, at } = stamp
  switch (command.type) {
    case 'join':
      return { type: 'joined', by }
    case 'offerFile':
      return { type: 'fileOffered', seq, at, by, file: command.file }
    case 'completeFile':
      return { type: 'fileCompleted', seq, at, by, file: command.file }
    case 'withdrawFile': {
      const known = state.files.get(command.file)
      if (known === undefined) return noSuchFile
      const { id, name } = known.file
      return { type: 'fileWithdrawn', seq, at, by, file: { id, name }, reason: command.reason }
    }
  }

  const listed = state.members.get(by.id)
  const member = listed ?? state.quiet.get(by.id)
  if (member === undefined) return notAMember
  switch (command.type) {
    case 'say': {
      const text = checkText(command.text, stamp.maxTextBytes)
      return typeof text === 'string' ? { type: 'said', seq, at, by: member, text } : text
    }
    case 'act': {
      const text = checkText(command.text, stamp.maxTextBytes)
      return typeof text === 'string' ? { type: 'acted', seq, at, by: member, text } : text
    }
    case 'whisper':
      return whisper(state, member, command, stamp)
    case 'setTopic': {
      const topic = checkText(command.topic, stamp.maxTextBytes)
      return typeof topic === 'string' ? { type: 'topicSet', seq, at, by: member, topic } : topic
    }
    case 'rename':
      if (listed === undefined) return notAMember
      return { type: 'renamed', by: { id: member.id, name: command.name }, from: member.name }
    case 'receiveFile': {
      const known = state.files.get(command.file)
      if (known?.status !== 'whole') return noSuchFile
      if (known.received.has(member.name)) return { type: 'known', seq: state.last }
      const { id, name, size } = known.file
      return { type: 'fileReceived', seq, at, by: member, file: { id, name, size } }
    }
    case 'leave':
      if (listed === undefined) return notAMember
      return { type: 'left', by: member, reason: command.reason }
    default:
      return command satisfies never
  }
}

const notAMember = rejected('NOT_A_MEMBER', 'you are not in this room any more; join it again')
const noSuchFile = rejected('NO_SUCH_FILE', 'this room has no such file; /files lists those it has')

function whisper(state: RoomState, by: Member, command: Whisper, stamp: Stamp): RoomEvent | Rejected {
  const text = checkText(command.text, stamp.maxTextBytes)
  if (typeof text !== 'string') return text
  const called = [...state.members.values()].filter((member) => member.name === command.to)
  const [to, another] = called
  if (to === undefined) return rejected('NO_SUCH_MEMBER', 'nobody of that name is here; /who lists who is')
  // Guests are called by their address, and several can share one: a whisper must not reach the wrong one.
  if (another !== undefined)
    return rejected('NO_SUCH_MEMBER', 'several here go by that name; one of them must take a /nick')
  return { type: 'whispered', seq: stamp.seq, at: stamp.at, by, to, text }
}
