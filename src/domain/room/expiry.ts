import type { MentionedFile } from './events.ts'
import type { RoomRules } from './rules.ts'

/** Expiry time of a file completed at `at`: the sender's or the room's, whichever is first; infinite without either. */
export function expiryOf(
  { expirySeconds }: Pick<RoomRules, 'expirySeconds'>,
  { expiresAt = Number.POSITIVE_INFINITY }: Pick<MentionedFile, 'expiresAt'>,
  at: number,
): number {
  return Math.min(expiresAt, expirySeconds === 0 ? Number.POSITIVE_INFINITY : at + expirySeconds * 1000)
}

/** The file as lists show it: with its expiry time. */
export function withExpiry<File extends MentionedFile>(
  rules: Pick<RoomRules, 'expirySeconds'>,
  file: File,
  at: number,
): File {
  const expiresAt = expiryOf(rules, file, at)
  return Number.isFinite(expiresAt) ? { ...file, expiresAt } : file
}
