import { Waiters } from '../async/waiters.ts'
import type { Mail, RoomCommand } from './commands.ts'

export interface MailboxLimits {
  /** Number of commands that may wait for their commit, and their characters. */
  readonly mailboxCommands: number
  readonly mailboxChars: number
}

/**
 * Commands waiting for the room's decision, in order. `isFull` asks senders to wait; mail that must not wait or get lost is taken all
 * the same.
 */
export class Mailbox {
  readonly #limits: MailboxLimits
  readonly #drained = new Waiters()
  #mails: Mail[] = []
  /** Mail before this index is taken. */
  #from = 0
  #commands = 0
  #chars = 0

  constructor(limits: MailboxLimits) {
    this.#limits = limits
  }

  get isEmpty(): boolean {
    return this.first === undefined
  }

  get isFull(): boolean {
    return this.#commands >= this.#limits.mailboxCommands || this.#chars >= this.#limits.mailboxChars
  }

  /** The oldest mail. */
  get first(): Mail | undefined {
    return this.#mails[this.#from]
  }

  put(mail: Mail): void {
    this.#mails.push(mail)
    this.#count(mail.commands, 1)
  }

  /** Puts these, which were taken before, in front of all others. */
  putBack(mails: readonly Mail[]): void {
    for (const { commands } of mails) this.#count(commands, 1)
    this.#mails = [...mails, ...this.#mails.slice(this.#from)]
    this.#from = 0
  }

  /** Takes this number of commands of the oldest mail, and the mail itself with the last of them. */
  take(count: number): void {
    const mail = this.#mails[this.#from] as Mail
    const { commands } = mail
    if (count < commands.length) {
      this.#mails[this.#from] = { ...mail, commands: commands.slice(count) }
      this.#count(commands.slice(0, count), -1)
      return
    }
    this.#count(commands, -1)
    this.#from++
    if (2 * this.#from < this.#mails.length) return
    this.#mails.splice(0, this.#from)
    this.#from = 0
  }

  /** Resolves when there is space again; at once if there is. */
  drained(): Promise<void> {
    return this.isFull ? this.#drained.wait() : Promise.resolve()
  }

  /** Lets waiting senders go on, if there is space. */
  release(): void {
    if (!this.isFull) this.#drained.release()
  }

  #count(commands: readonly RoomCommand[], sign: 1 | -1): void {
    this.#commands += sign * commands.length
    for (let index = 0; index < commands.length; index++) {
      const command = commands[index] as RoomCommand
      if ('text' in command) this.#chars += sign * command.text.length
    }
  }
}
