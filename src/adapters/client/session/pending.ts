import { Waiters } from '#domain/async/waiters.ts'
import { type Rejected, rejected } from '#domain/errors.ts'
import type { Ack, ClientCommand } from '#domain/room/commands.ts'
import { clientMessageLimits, decodeClientMessage, encodeMessage } from '#protocol/messages.ts'

type Settle = (answer: Ack | Rejected) => void

interface Waiting {
  readonly message: Uint8Array
  readonly settle: Settle
}

/** Commands without an answer yet, in order: they are sent again until they have one. */
export class PendingCommands {
  readonly #mostCommands: number
  readonly #mostBytes: number
  readonly #idPrefix: string
  readonly #waiting = new Map<number, Waiting>()
  #refs = 0
  #bytes = 0
  readonly #drained = new Waiters()

  /** `idPrefix` starts the ids of commands without an id of their own. */
  constructor(limits: { readonly unansweredCommands: number; readonly unansweredBytes: number }, idPrefix: string) {
    this.#mostCommands = limits.unansweredCommands
    this.#mostBytes = limits.unansweredBytes
    this.#idPrefix = idPrefix
  }

  get size(): number {
    return this.#waiting.size
  }

  get isFull(): boolean {
    return this.size >= this.#mostCommands || this.#bytes >= this.#mostBytes
  }

  /**
   * Takes a command, however full it is: `isFull` is for callers that can wait. Answers the bytes to send; undefined if the command was
   * settled at once, because no host would accept it.
   */
  give(command: ClientCommand, settle: Settle): Uint8Array | undefined {
    const ref = ++this.#refs
    const message = commandMessage(command, ref, () => `${this.#idPrefix}-${ref.toString(36)}`)
    if ('type' in message) {
      settle(message)
      return undefined
    }
    this.#waiting.set(ref, { message, settle })
    this.#bytes += message.length
    return message
  }

  /** In order. */
  *messages(): Iterable<Uint8Array> {
    for (const { message } of this.#waiting.values()) yield message
  }

  /** Ignores a second answer to a command that was sent twice. */
  settle(ref: number, answer: Ack | Rejected): void {
    const waiting = this.#waiting.get(ref)
    if (waiting === undefined) return
    this.#waiting.delete(ref)
    this.#bytes -= waiting.message.length
    waiting.settle(answer)
    if (this.size <= this.#mostCommands / 2 && this.#bytes <= this.#mostBytes / 2) this.#drained.release()
  }

  /** No further answers will come. */
  end(why: string): void {
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    this.#bytes = 0
    const unknown = rejected('CLOSED', `${why}; whether the host has this is not known`)
    for (const { settle } of waiting) settle(unknown)
    this.#drained.release()
  }

  /** At once if there is space; otherwise when half of it is free. */
  ready(): Promise<void> {
    return this.isFull ? this.#drained.wait() : Promise.resolve()
  }
}

/**
 * A command as a message that may be sent any number of times: with an id, if it can have one. A command for which the host would close
 * the connection is refused here, since it would be sent again and again.
 */
function commandMessage(command: ClientCommand, ref: number, newId: () => string): Uint8Array | Rejected {
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
      // Sending these twice has no further effect.
      return command
  }
}

const tooLong = rejected('LINE_TOO_LONG', `a command is at most ${clientMessageLimits.bytes} bytes; send less at once`)
