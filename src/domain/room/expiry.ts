import type { MentionedFile } from './events.ts'
import type { RoomRules } from './rules.ts'

/** When a file goes by itself that became one at `at`: its sender's wish, or its room's rule, whichever is first; infinite where it has neither. */
export function expiryOf(
  { expirySeconds }: Pick<RoomRules, 'expirySeconds'>,
  { expiresAt = Number.POSITIVE_INFINITY }: Pick<MentionedFile, 'expiresAt'>,
  at: number,
): number {
  return Math.min(expiresAt, expirySeconds === 0 ? Number.POSITIVE_INFINITY : at + expirySeconds * 1000)
}

/** The file as a list tells of it: with the time at which it goes. */
export function withExpiry<File extends MentionedFile>(
  rules: Pick<RoomRules, 'expirySeconds'>,
  file: File,
  at: number,
): File {
  const expiresAt = expiryOf(rules, file, at)
  return Number.isFinite(expiresAt) ? { ...file, expiresAt } : file
}
