import type { CrowdLoad } from './crowd.ts'
import type { FanoutLoad } from './fanout.ts'
import type { FloodLoad } from './flood.ts'
import type { FlowLoad } from './flow.ts'
import type { GuestsLoad } from './guests.ts'
import type { HostilesLoad } from './hostiles.ts'
import type { JoinsLoad } from './joins.ts'
import type { TransferLoad } from './transfer.ts'

/** What the generator can be asked for. */
export type Job =
  | { readonly type: 'fanout'; readonly load: FanoutLoad }
  | { readonly type: 'joins'; readonly load: JoinsLoad }
  | { readonly type: 'transfer'; readonly load: TransferLoad }
  | { readonly type: 'flow'; readonly load: FlowLoad }
  | { readonly type: 'flood'; readonly load: FloodLoad }
  | { readonly type: 'floodEnd' }
  | { readonly type: 'crowd'; readonly load: CrowdLoad }
  | { readonly type: 'crowdTalk'; readonly forMs: number }
  | { readonly type: 'crowdLeave' }
  | { readonly type: 'guests'; readonly load: GuestsLoad }
  | { readonly type: 'guestsTalk'; readonly forMs: number }
  | { readonly type: 'guestsLeave' }
  | { readonly type: 'hostiles'; readonly load: HostilesLoad }
  | { readonly type: 'hostilesEnd' }

export interface Answer {
  readonly id: number
  readonly result?: unknown
  readonly error?: string
}

/** Ends this process when whoever started it is gone. */
export function stopWithParent(): void {
  process.stdin.once('end', () => process.exit(0)).resume()
}
