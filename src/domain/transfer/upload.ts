import { EMPTY, Subject } from 'rxjs'
import { type Rejected, rejected } from '../errors.ts'
import type { WholeFile } from '../room/events.ts'
import type { Upload, UploadProgress } from '../session.ts'
import type { TransferActor } from './actor.ts'
import type { Writing } from './writer.ts'

/** A source throws this when it knows the reason for its early end: the upload is then withdrawn with that reason. */
export class SourceFailed extends Error {
  readonly rejected: Rejected

  constructor(why: Rejected) {
    super(why.message)
    this.rejected = why
  }
}

/** Carries one file from its source into its transfer, in a single request: an upload that breaks off is withdrawn. */
export class UploadRun implements Upload {
  readonly id: string
  readonly done: Promise<WholeFile | Rejected>
  readonly #progress = new Subject<UploadProgress>()
  #cancelled: Rejected | undefined

  /** `begun` answers a `WholeFile` if the room already has these bytes: the source is not read then. */
  constructor(
    id: string,
    begun: () => Promise<TransferActor | WholeFile | Rejected>,
    source: AsyncIterable<Uint8Array>,
  ) {
    this.id = id
    this.done = this.#run(begun, source).finally(() => this.#progress.complete())
  }

  get progress$() {
    return this.#progress.asObservable()
  }

  cancel(reason: string): void {
    this.#cancelled ??= rejected('TRANSFER_CUT', reason)
  }

  async #run(
    begun: () => Promise<TransferActor | WholeFile | Rejected>,
    source: AsyncIterable<Uint8Array>,
  ): Promise<WholeFile | Rejected> {
    const transfer = await begun()
    if (!('write' in transfer)) return transfer
    try {
      const ended = await this.#send(transfer, source)
      if ('type' in ended) await transfer.withdraw(ended.message)
      return ended
    } catch (error) {
      await transfer.withdraw('the host could not keep the file')
      throw error
    }
  }

  async #send(transfer: TransferActor, source: AsyncIterable<Uint8Array>): Promise<WholeFile | Rejected> {
    const writing = await transfer.write(0)
    if ('type' in writing) return writing
    return (await this.#fill(transfer, writing, source)) ?? (await writing.finish())
  }

  async #fill(
    transfer: TransferActor,
    writing: Writing,
    source: AsyncIterable<Uint8Array>,
  ): Promise<Rejected | undefined> {
    try {
      for await (const bytes of source) {
        const why = this.#cancelled ?? (await writing.append(bytes))
        if (why !== undefined) return why
        this.#progress.next({ bytes: writing.offset, durable: transfer.durable })
      }
      return this.#cancelled
    } catch (error) {
      if (error instanceof SourceFailed) return error.rejected
      throw error
    }
  }
}

export const refusedUpload = (id: string, why: Rejected): Upload => ({
  id,
  progress$: EMPTY,
  done: Promise.resolve(why),
  cancel: () => {},
})
