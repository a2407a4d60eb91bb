import type { Member } from './member.ts'
import type { RoomFile } from './state.ts'

/** What members have sent to those who look after a room, oldest first, and who of those here has nothing whole among it. */
export interface Submissions {
  readonly files: readonly RoomFile[]
  readonly missing: readonly Member[]
}

/** `since`: when the room began to collect. Where it does not, all that was ever collected, and nobody is missing. */
export function submissionsOf(
  all: readonly RoomFile[],
  members: readonly Member[],
  since: number | undefined,
): Submissions {
  const files = all.filter(({ file, at }) => file.audience?.to === 'staff' && at >= (since ?? 0))
  const whole = files.filter(({ status }) => status === 'whole')
  const hasSent = ({ id, name }: Member) => whole.some(({ by }) => by.id === id || by.name === name)
  const missing = members.filter((member) => since !== undefined && member.role === undefined && !hasSent(member))
  return { files: files.toSorted((one, other) => one.at - other.at), missing }
}
