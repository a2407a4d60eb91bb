/** It is tried again. */
export interface Retry {
  /** Which one in a row, from 1. */
  readonly attempt: number
  readonly inMs: number
  readonly why: string
}

/** What a transfer tells while it is under way; all numbers are bytes of the file. */
export type TransferUpdate =
  | { readonly type: 'hashing'; readonly done: number; readonly total: number }
  /** It goes on from `at`, which is not 0 where it was under way before. */
  | { readonly type: 'begins'; readonly at: number; readonly total: number | undefined }
  | { readonly type: 'moved'; readonly bytes: number }
  | ({ readonly type: 'retry' } & Retry)

export type OnTransferUpdate = (news: TransferUpdate) => void
