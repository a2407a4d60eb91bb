import { type Rejected, rejected } from '#domain/errors.ts'
import { errorCode, isDiskFull, isOutOfDescriptors } from '#system/files/file-system.ts'

export const diskFull = (): Rejected =>
  rejected('DISK_FULL', "the host's disk is full; try again once there is room, or send a smaller file")

export const fileTooLarge = (maxFileBytes: number): Rejected =>
  rejected(
    'FILE_TOO_LARGE',
    `a file may have at most ${Math.floor(maxFileBytes / 1e6)} MB here; split it, or ask the host to raise the limit`,
  )

/** What of the system's errors is a refusal of one upload; any other means that the store is broken. */
export const refusal = (cause: unknown): Rejected | undefined => {
  if (isDiskFull(cause)) return diskFull()
  if (isOutOfDescriptors(cause)) return rejected('BUSY', 'the host has too many files open; try again soon')
  if (errorCode(cause) === 'EFBIG')
    return rejected('FILE_TOO_LARGE', "the host's file system takes no file of this size; split it")
  return undefined
}
