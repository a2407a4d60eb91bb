import type { ApiClient } from './api-client.ts'
import type { ResumeStore } from './resume-store.ts'
import type { Retries } from './retries.ts'
import type { OnTransferUpdate } from './transfer-events.ts'

export interface TransferOptions {
  readonly link: ApiClient
  readonly retries: Retries
  readonly tell: OnTransferUpdate
  /** Bytes a second at most. */
  readonly limit?: number
  /** Left out where a key says whose the upload is. */
  readonly own?: ResumeStore
}
