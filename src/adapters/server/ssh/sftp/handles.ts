import type { SerialQueue } from '#domain/async/serial-queue.ts'
import type { DownloadSlot } from '../../files/download-slots.ts'
import type { QuietMember } from '../quiet-member.ts'
import type { Attributes, Listed } from './codec.ts'
import type { ReadingFile } from './reading.ts'
import type { WritingFile } from './writing.ts'

interface OpenFile {
  readonly room: string
  readonly attributes: () => Attributes
}

/** What a client has open. */
export type Handle =
  | { readonly type: 'folder'; readonly names: Listed[] }
  | { readonly type: 'bytes'; readonly bytes: Buffer; readonly attributes: () => Attributes }
  | (OpenFile & {
      readonly type: 'reading'
      readonly member: QuietMember
      readonly id: string
      readonly reading: ReadingFile
      readonly turns: SerialQueue
      readonly slot: DownloadSlot
    })
  | (OpenFile & {
      readonly type: 'writing'
      readonly writing: WritingFile
      /** The client will rename it once it is through. */
      readonly isPartial: boolean
    })

export async function endReading({ reading, slot }: Handle & { readonly type: 'reading' }): Promise<void> {
  slot.release()
  await reading.close()
}
