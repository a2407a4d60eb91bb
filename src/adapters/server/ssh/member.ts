import type { LocalSession } from '#domain/engine/session.ts'
import type { Rejected } from '#domain/errors.ts'
import { forTerminal } from '#domain/names/text.ts'
import type { Batch } from '#domain/room/batch.ts'
import type { WholeFile } from '#domain/room/events.ts'
import { Refused } from '#domain/session.ts'
import type { Translator } from '#i18n/translator.ts'
import { MemberCaller } from '../connection/caller.ts'
import { ClientSession } from '../connection/client-session.ts'
import type { Joined, Reason, Wire } from '../connection/wire.ts'
import { ServedBytes } from '../files/download-slots.ts'
import type { LineSettings } from '../line/settings.ts'
import type { AccessControl } from '../security/access-control.ts'
import type { SshChannel } from './channel.ts'
import type { RunParts, SshParts } from './parts.ts'
import { EXIT, exitStatusOf } from './refusals.ts'

/** `after`: the sequence after which the room's events come; undefined, now. `isListed`: the room sees the member. */
interface EnterOptions {
  readonly after?: number | undefined
  readonly isListed?: boolean
}

/**
 * A member in a room for as long as something runs on a channel: nobody hears of its coming and going, as with a request over HTTP, but where it is
 * listed. What runs for one member alone extends it.
 */
export class SshMember extends MemberCaller implements Wire {
  readonly of: RunParts
  readonly client: ClientSession
  readonly linkOf = undefined
  /** The exit status of what was refused last. */
  protected status: number = EXIT.done
  readonly #tell: ((why: Reason) => void) | undefined
  readonly #servedBytes = new ServedBytes()

  /** `tell`: tells the client why not; left out, beside its output. */
  constructor(of: RunParts, tell?: (why: Reason) => void) {
    super()
    const { incoming, identity, id, parts } = of
    const { key, nick, credential } = identity
    this.of = of
    this.#tell = tell
    this.client = new ClientSession(incoming, this, parts, parts.client, key === undefined ? id : undefined)
    if (key === undefined) this.client.showToken(credential)
    else this.client.authenticate(key, parts.keys, nick, credential)
  }

  get channel(): SshChannel {
    return this.of.incoming.connection
  }

  get parts(): SshParts {
    return this.of.parts
  }

  get settings(): LineSettings {
    return this.parts.line
  }

  get words(): Translator {
    return this.of.texts.words
  }

  get accessControl(): AccessControl {
    return this.parts.accessControl
  }

  get base(): string | undefined {
    return this.settings.publicUrl
  }

  /** The session, of a member that has come in. */
  get entered(): LocalSession {
    if (this.session === undefined) throw new Error('a member of an SSH channel is in no room')
    return this.session
  }

  /** Resolves to the reason where it may not. */
  async enter(room: string, { after, isListed = false }: EnterOptions = {}): Promise<Rejected | undefined> {
    const { key, nick, password } = this.of.identity
    const why = await this.client.join(room, {
      hidden: !isListed,
      ...(key === undefined ? { nick } : {}),
      ...(password === undefined ? {} : { password }),
      ...(after === undefined ? {} : { after }),
    })
    if (why !== undefined) await this.client.close()
    return why
  }

  /** Does the work as a member of the room that the client has named; it answers the exit status. */
  protected async inside(options: EnterOptions, work: () => Promise<number>): Promise<void> {
    const why = await this.enter(this.of.identity.room, options)
    if (why !== undefined) return this.#fails(why)
    try {
      this.channel.exit(await work())
    } catch (error) {
      if (this.channel.destroyed) return
      if (!(error instanceof Refused)) throw error
      this.#fails(error.rejected)
    } finally {
      await this.client.close()
    }
  }

  #fails(why: Reason): void {
    this.refuse(why)
    this.channel.exit(exitStatusOf(why.code))
  }

  /** Bytes of a file were served to it: with the last one it has the file, where the room lists it. */
  served(file: WholeFile, first: number, bytes: number): void {
    const { entered } = this
    const isListed = entered.members.some(({ id }) => id === entered.id)
    if (isListed && this.#servedBytes.note(entered.id, file, first, bytes)) entered.serveFile(file.id)
  }

  say(line: string): Promise<void> | undefined {
    return this.client.delivery.answer(Buffer.from(`${line}\n`))
  }

  refuse(why: Reason): undefined {
    this.status = exitStatusOf(why.code)
    if (this.#tell === undefined) this.channel.note(this.refusal(why))
    else this.#tell(why)
  }

  protected refusal(why: Reason): string {
    return `! ${why.code} ${forTerminal(this.words.refusal(why))}`
  }

  deliver(_batch: Batch, _session: LocalSession): void {}

  reply(answer: Joined | Rejected): void {
    if (answer.type === 'rejected') this.refuse(answer)
  }

  /** It is in the room no more; `why` where it was not this side that ended it. */
  close(why: Reason | undefined): undefined {
    if (why !== undefined && !this.channel.isOver) this.#fails(why)
  }
}
