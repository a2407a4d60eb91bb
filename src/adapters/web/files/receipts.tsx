import type { Member } from '#domain/room/events.ts'
import { usePage } from '../state/context.ts'
import type { Room } from '../state/room.ts'

export interface ReceiptsProps {
  readonly room: Room
  /** The file's id. */
  readonly file: string
  /** Who sent it, and needs no receipt. */
  readonly by: string
}

/** `12/14 verified`, and on demand who has and who has not. */
export function Receipts({ room, file, by }: ReceiptsProps) {
  const { say } = usePage().words.value
  const { verified, audience } = room.files.of(file).value
  const mayHave = ({ id, role }: Member) =>
    audience === undefined || (audience.to === 'staff' ? role !== undefined : audience.to.id === id)
  const others = room.place.members.value
    .filter(mayHave)
    .map(({ name }) => name)
    .filter((name) => name !== by)
  const missing = others.filter((name) => !verified.includes(name))
  const names = (all: readonly string[]) => (all.length === 0 ? say('nobodyYet') : all.join(', '))
  if (verified.length + missing.length === 0) return null
  return (
    <details class="receipts">
      <summary>{say('verifiedOf', { verified: verified.length, present: verified.length + missing.length })}</summary>
      <p>{say('whoVerified', { names: names(verified) })}</p>
      {missing.length > 0 && <p>{say('whoNot', { names: names(missing) })}</p>}
    </details>
  )
}
