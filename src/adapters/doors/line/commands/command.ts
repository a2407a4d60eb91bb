import type { LinePeer } from '../peer.ts'

/** One slash word of the line door. */
export interface LineCommand {
  readonly word: string
  /** What to type. */
  readonly usage: string
  /** What it does, in a few words. */
  readonly help: string
  run(peer: LinePeer, rest: string): undefined | Promise<unknown>
}
