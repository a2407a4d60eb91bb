import { Subject } from 'rxjs'
import type { Vault, VaultWriter } from '../ports/vault.ts'
import { type Rejected, rejected } from '../rejection.ts'
import type { Ack, CompleteFile, OfferFile, WithdrawFile } from '../room/commands.ts'
import type { WholeFile } from '../room/events.ts'
import type { Upload, UploadMeta, UploadProgress } from '../session.ts'
import { decideTransfer, evolveTransfer, newTransfer, type Transfer, type TransferCommand } from './transfer.ts'

/** Says a transfer's fact to the room; resolves after the commit. */
export type Announce = (fact: OfferFile | CompleteFile | WithdrawFile) => Promise<Ack | Rejected>

/** A source throws this when it knows why it ends early: the upload is then withdrawn for this reason. */
export class SourceFailed extends Error {
  readonly rejected: Rejected

  constructor(why: Rejected) {
    super(why.message)
    this.rejected = why
  }
}

/** Carries one file from its source into the vault, and tells the room: offered, then completed or withdrawn. */
export class UploadRun implements Upload {
  readonly id: string
  readonly done: Promise<WholeFile | Rejected>
  readonly #progress = new Subject<UploadProgress>()
  readonly #vault: Vault
  readonly #announce: Announce
  #transfer: Transfer = newTransfer
  #cancelled: Rejected | undefined

  constructor(id: string, source: AsyncIterable<Uint8Array>, meta: UploadMeta, vault: Vault, announce: Announce) {
    this.id = id
    this.#vault = vault
    this.#announce = announce
    this.done = this.#run(source, meta).finally(() => this.#progress.complete())
  }

  get progress$() {
    return this.#progress.asObservable()
  }

  cancel(reason: string): void {
    this.#cancelled ??= rejected('TRANSFER_CUT', reason)
  }

  async #run(source: AsyncIterable<Uint8Array>, meta: UploadMeta): Promise<WholeFile | Rejected> {
    const { id } = this
    const size = meta.size === undefined ? {} : { size: meta.size }
    const file = { id, name: meta.name, ...size }
    const writer = await this.#vault.create(id, meta.size)
    if ('type' in writer) return writer
    let why: Rejected | undefined
    try {
      why = this.#apply({ type: 'offer', file }) ?? this.#apply({ type: 'write', writer: id })
      const offered = await this.#announce({ type: 'offerFile', file })
      if (offered.type === 'rejected') why = offered
      why ??= await this.#fill(writer, source)
      if (why === undefined) {
        const whole = await this.#finish(writer, meta)
        if (!('type' in whole)) return whole
        why = whole
      }
    } catch (error) {
      await this.#withdraw(writer, rejected('TRANSFER_CUT', 'the host could not keep the file'))
      throw error
    }
    await this.#withdraw(writer, why)
    return why
  }

  async #fill(writer: VaultWriter, source: AsyncIterable<Uint8Array>): Promise<Rejected | undefined> {
    try {
      for await (const bytes of source) {
        const why = this.#cancelled ?? (await writer.append(bytes)) ?? this.#advance(writer)
        if (why !== undefined) return why
      }
      return this.#cancelled
    } catch (error) {
      if (error instanceof SourceFailed) return error.rejected
      throw error
    }
  }

  #advance(writer: VaultWriter): Rejected | undefined {
    const why = this.#apply({ type: 'advance', writer: this.id, durable: writer.durable })
    this.#progress.next({ bytes: writer.offset, durable: writer.durable })
    return why
  }

  /** The bytes are whole on disk before the room hears of it (C80): vault, then journal, then the answer. */
  async #finish(writer: VaultWriter, meta: UploadMeta): Promise<WholeFile | Rejected> {
    if (meta.size !== undefined && meta.size !== writer.offset)
      return rejected('TRANSFER_CUT', `${writer.offset} of ${meta.size} bytes arrived; send the file again`)
    const digest = await writer.finish()
    if ('type' in digest) return digest
    const why = this.#apply({ type: 'finish', writer: this.id, ...digest, expected: meta.sha256 })
    if (why !== undefined) return why
    const file = { id: this.id, name: meta.name, ...digest }
    const told = await this.#announce({ type: 'completeFile', file })
    return told.type === 'rejected' ? told : file
  }

  async #withdraw(writer: VaultWriter, why: Rejected): Promise<void> {
    await writer.discard()
    await this.#vault.remove(this.id)
    this.#apply({ type: 'withdraw', reason: why.message })
    // The room never heard of an offer that was refused, and then refuses this too.
    await this.#announce({ type: 'withdrawFile', file: this.id, reason: why.message })
  }

  #apply(command: TransferCommand): Rejected | undefined {
    const decided = decideTransfer(this.#transfer, command)
    if (decided.type === 'rejected') return decided
    this.#transfer = evolveTransfer(this.#transfer, decided)
    return undefined
  }
}
