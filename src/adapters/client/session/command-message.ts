import { type Rejected, rejected } from '#domain/errors.ts'
import type { ClientCommand } from '#domain/room/commands.ts'
import { clientMessageLimits, decodeClientMessage, encodeMessage } from '#protocol/messages.ts'

/**
 * A command as a message that may be sent any number of times: with an id, where it can have one. What the host would end the
 * connection for is refused here already, or it would be sent again and again.
 */
export function commandMessage(command: ClientCommand, ref: number, newId: () => string): Uint8Array | Rejected {
  const message = encodeMessage({ type: 'command', ref, command: identified(command, newId) })
  if (message.length > clientMessageLimits.bytes) return tooLong
  const understood = decodeClientMessage(message)
  return understood.type === 'rejected' ? rejected('BAD_COMMAND', understood.message) : message
}

function identified(command: ClientCommand, newId: () => string): ClientCommand {
  switch (command.type) {
    case 'say':
    case 'act':
    case 'whisper':
    case 'setTopic':
      return command.id === undefined ? { ...command, id: newId() } : command
    default:
      // These do the same when they are done twice.
      return command
  }
}

const tooLong = rejected('LINE_TOO_LONG', `a command is at most ${clientMessageLimits.bytes} bytes; send less at once`)
