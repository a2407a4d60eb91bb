import { isRefusal, type Refusal } from '#client/errors.ts'
import type { Audience } from '#domain/room/events.ts'
import type { HostRequests } from '../browser/host-requests.ts'

/** A file in a room's list, as the host tells it (docs/http.md). */
export interface FileRow {
  readonly id: string
  readonly name: string
  readonly by: string
  readonly byId: string
  readonly status: 'whole' | 'arriving' | 'paused'
  readonly size?: number
  readonly sha256?: string
  readonly audience?: Audience
  readonly offset?: number
  readonly receipts?: readonly { readonly name: string }[]
}

/** The page and the host are of one build, so what it answers is not looked at twice. */
export async function listFiles(host: HostRequests, room: string): Promise<readonly FileRow[] | Refusal> {
  const answer = await host.json(`/rooms/${encodeURIComponent(room)}/files`)
  return isRefusal(answer) ? answer : (answer.value as { readonly files: readonly FileRow[] }).files
}
