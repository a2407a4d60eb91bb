import { forTerminal } from '#domain/names/text.ts'
import { Refused } from '#domain/session.ts'
import type { Translator } from '#i18n/translator.ts'
import type { Reason } from '../connection/wire.ts'
import type { SshChannel } from './channel.ts'
import { EXIT, exitStatusOf } from './exit-status.ts'
import type { RunParts, SshParts } from './parts.ts'
import { type JoinOptions, type MemberListener, QuietMember } from './quiet-member.ts'

/** What runs on a channel for one member of a room, from its coming to its exit status. */
export abstract class MemberRun implements MemberListener {
  readonly channel: SshChannel
  readonly member: QuietMember
  readonly parts: SshParts
  readonly words: Translator
  protected readonly of: RunParts
  #isOver = false

  constructor(of: RunParts, words: Translator) {
    this.of = of
    this.channel = of.incoming.connection
    this.parts = of.parts
    this.words = words
    this.member = new QuietMember(of, this)
    this.channel.once('signal', () => this.end(EXIT.interrupted))
  }

  protected get isOver(): boolean {
    return this.#isOver
  }

  /** Tells the client why not. Answers the exit status of that. */
  refuse(why: Reason): number {
    this.channel.note(this.refusal(why))
    return exitStatusOf(why.code)
  }

  refused(why: Reason): void {
    this.refuse(why)
  }

  ended(why: Reason | undefined): void {
    if (why !== undefined && !this.#isOver) this.end(this.refuse(why))
  }

  /** Does the work as a member of the room; it answers the exit status. */
  protected async inRoom(options: JoinOptions, work: () => Promise<number>): Promise<void> {
    const why = await this.member.join(this.of.identity.room, options)
    if (why !== undefined) {
      this.end(this.refuse(why))
      return
    }
    try {
      this.end(await work())
    } catch (error) {
      if (this.channel.destroyed) return
      if (!(error instanceof Refused)) throw error
      this.end(this.refuse(error.rejected))
    } finally {
      await this.member.client.close()
    }
  }

  protected refusal(why: Reason): string {
    return `! ${why.code} ${forTerminal(this.words.refusal(why))}`
  }

  protected end(status: number): void {
    if (this.#isOver) return
    this.#isOver = true
    this.channel.exit(status)
  }
}
