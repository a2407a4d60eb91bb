import type { UploadHolder } from '#domain/engine/upload-places.ts'
import type { Translator } from '#i18n/translator.ts'
import { textLines } from '#system/files/text.ts'
import type { Reason } from '../../connection/wire.ts'
import type { SshChannel } from '../channel.ts'
import type { SshParts } from '../parts.ts'
import type { QuietMember } from '../quiet-member.ts'

/** One command that runs on a channel, as its words see it. */
export interface RunContext {
  readonly channel: SshChannel
  readonly member: QuietMember
  readonly parts: SshParts
  readonly words: Translator
  /** For the places of downloads. */
  readonly holder: UploadHolder
  /** As in `createTransfer`. */
  readonly uploader: string | undefined
  /** Tells the client why not. Answers the exit status of that. */
  refuse(why: Reason): number
}

/** The lines of the input, as they come; those that are too long are refused. */
export async function* linesOf(run: RunContext): AsyncGenerator<string> {
  for await (const line of textLines(run.channel.iterator({ destroyOnReturn: false })))
    if (typeof line === 'string') yield line
    else run.refuse(line)
}
