import { isRefusal, type Refusal } from '#client/errors.ts'
import { safeFileName } from '#domain/names/file-name.ts'
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

/** What this member has begun of files of this name and size, with whatever, the furthest first. */
export async function begunOf(
  host: HostRequests,
  { room, name, size, me, to, taken }: BegunWanted,
): Promise<readonly Begun[] | Refusal> {
  const files = await listFiles(host, room)
  if (isRefusal(files)) return files
  const begun: Begun[] = []
  for (const { id, status, size: itsSize, name: itsName, byId, audience } of files) {
    if (byId !== me || status === 'whole' || !isSameAudience(audience, to)) continue
    if (taken.has(id) || itsSize !== size || itsName !== safeFileName(name, id)) continue
    const look = await lookAt(host, id)
    if (isRefusal(look) || look.status === 'whole' || look.offset === 0 || look.prefix === undefined) continue
    begun.push({ id, offset: look.offset, prefix: look.prefix })
  }
  return begun.sort((one, other) => other.offset - one.offset)
}

/** What goes to those who look after the room, because it collects, was still sent to all. */
function isSameAudience(audience: FileRow['audience'], to: string | undefined): boolean {
  if (audience === undefined) return to === undefined
  return audience.to === 'staff' ? to === undefined : audience.to.name === to
}
