import type { LocalSession } from '#domain/engine/session.ts'
import type { Rejected } from '#domain/errors.ts'
import type { Batch } from '#domain/room/batch.ts'
import type { WholeFile } from '#domain/room/events.ts'
import { ClientSession } from '../connection/client-session.ts'
import type { Joined, Reason, Wire } from '../connection/wire.ts'
import { ServedBytes } from '../files/download-slots.ts'
import type { Identity } from './login.ts'
import type { RunParts } from './parts.ts'

/** `after`: the sequence after which the room's events come; undefined, now. `isListed`: the room sees it after all. */
export interface JoinOptions {
  readonly after?: number | undefined
  readonly isListed?: boolean
}

/** Whoever a quiet member is there for. */
export interface MemberListener {
  deliver?(batch: Batch, session: LocalSession): void
  /** Something that it has said was refused. */
  refused?(why: Rejected): void
  /** It is in the room no more; `why` where it was not this side that ended it. */
  ended(why: Reason | undefined): void
}

/** A member in a room for as long as something takes: nobody hears of its coming and going, as with a request over HTTP. */
export class QuietMember implements Wire {
  readonly client: ClientSession
  readonly #identity: Identity
  readonly #listener: MemberListener
  readonly #servedBytes = new ServedBytes()

  constructor({ incoming, identity, id, parts }: RunParts, listener: MemberListener) {
    const { key, nick, credential } = identity
    this.#identity = identity
    this.#listener = listener
    this.client = new ClientSession(incoming, this, parts, parts.client, key === undefined ? id : undefined)
    if (key === undefined) this.client.showToken(credential)
    else this.client.authenticate(key, parts.keys, nick, credential)
  }

  /** Resolves to the reason where it may not. */
  async join(room: string, { after, isListed = false }: JoinOptions = {}): Promise<Rejected | undefined> {
    const { key, nick, password } = this.#identity
    const why = await this.client.join(room, {
      hidden: !isListed,
      ...(key === undefined ? { nick } : {}),
      ...(password === undefined ? {} : { password }),
      ...(after === undefined ? {} : { after }),
    })
    if (why !== undefined) await this.client.close()
    return why
  }

  get session(): LocalSession {
    const { session } = this.client
    if (session === undefined) throw new Error('a quiet member is in no room')
    return session
  }

  /** Bytes of a file were served to it: with the last one it has the file, where the room lists it. */
  served(file: WholeFile, first: number, bytes: number): void {
    const { session } = this
    const isListed = session.members.some(({ id }) => id === session.id)
    if (isListed && this.#servedBytes.note(session.id, file, first, bytes)) session.serveFile(file.id)
  }

  deliver(batch: Batch, session: LocalSession): void {
    this.#listener.deliver?.(batch, session)
  }

  reply(answer: Joined | Rejected): void {
    if (answer.type === 'rejected') this.#listener.refused?.(answer)
  }

  close(why: Reason | undefined): undefined {
    this.#listener.ended(why)
  }
}
