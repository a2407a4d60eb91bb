import type { HostLink } from './api-client.ts'
import type { OwnUploads } from './resume-store.ts'
import type { Retries } from './retries.ts'
import type { TellNews } from './transfer-events.ts'

export interface TransferOptions {
  readonly link: HostLink
  readonly retries: Retries
  readonly tell: TellNews
  /** Bytes a second at most. */
  readonly limit?: number
  /** Left out where a key says whose the upload is. */
  readonly own?: OwnUploads
}
