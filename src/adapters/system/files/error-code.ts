import { constants } from 'node:os'

/** The system's name of an error (`ENOENT`), where it has one. */
export const errorCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined

const { ENOSPC, EDQUOT } = constants.errno

/** A full disk, the end of the inodes, or an exceeded quota; by number, since Node has no name for the last. */
export const isDiskFull = (error: unknown): boolean =>
  error instanceof Error && 'errno' in error && (error.errno === -ENOSPC || error.errno === -EDQUOT)

/** Says nothing about the disk (C72). */
export const isOutOfDescriptors = (error: unknown): boolean => ['EMFILE', 'ENFILE'].includes(errorCode(error) ?? '')
