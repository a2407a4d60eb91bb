import { safeFileName } from '../../../domain/names/safe-file-name.ts'
import { isRefusal, type Refusal } from '../../client/failures.ts'
import type { HostRequests } from '../browser/host-requests.ts'
import { type FileRow, listFiles } from './file-rows.ts'
import { lookAt } from './tus.ts'

/** An upload that was begun: up to `offset`, with the digest of the bytes before it. */
export interface Begun {
  readonly id: string
  readonly offset: number
  readonly prefix: string
}

export interface BegunWanted {
  readonly room: string
  readonly name: string
  readonly size: number
  readonly me: string
  readonly to: string | undefined
  readonly taken: ReadonlySet<string>
}

/**
 * What the room has of files of this name and size that nobody is sending just now, the furthest first: whoever began it, with
 * whatever. What this page began before it was loaded again may still look as if it came.
 */
export async function begunOf(
  host: HostRequests,
  { room, name, size, me, to, taken }: BegunWanted,
): Promise<readonly Begun[] | Refusal> {
  const files = await listFiles(host, room)
  if (isRefusal(files)) return files
  const begun: Begun[] = []
  for (const { id, status, size: itsSize, name: itsName, byId, audience } of files) {
    const mayBe = status === 'paused' || (status === 'arriving' && byId === me)
    if (!isSameAudience(audience, to, byId === me)) continue
    if (!mayBe || taken.has(id) || itsSize !== size || itsName !== safeFileName(name, id)) continue
    const look = await lookAt(host, id)
    if (isRefusal(look) || look.status === 'whole' || look.offset === 0 || look.prefix === undefined) continue
    begun.push({ id, offset: look.offset, prefix: look.prefix })
  }
  return begun.sort((one, other) => other.offset - one.offset)
}

/** What goes to those who look after the room, because it collects, was still sent to all. */
function isSameAudience(audience: FileRow['audience'], to: string | undefined, isMine: boolean): boolean {
  if (audience === undefined) return to === undefined
  return isMine && (audience.to === 'staff' ? to === undefined : audience.to.name === to)
}
