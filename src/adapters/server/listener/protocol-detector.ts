import type { Duplex } from 'node:stream'
import type { Cancel, Clock } from '#domain/ports/system.ts'
import { SNIFF_LIMIT_BYTES, sniff, type Verdict, verdictAtLast } from './detect-protocol.ts'

export interface Sniffed {
  readonly verdict: Exclude<Verdict, 'undecided'>
  readonly head: Buffer
}

/** Reads just enough of a new connection to tell its protocol. A peer that is silent for `silentMs` is a line client (C36). */
export function sniffConnection(
  connection: Duplex,
  clock: Clock,
  silentMs: number,
  decided: (sniffed: Sniffed) => void,
): void {
  let head: Buffer = Buffer.alloc(0)
  let cancel: Cancel = () => {}
  let over = false

  const stop = () => {
    over = true
    cancel()
  }
  const decide = (verdict: Sniffed['verdict']) => {
    stop()
    connection.off('data', read)
    connection.off('end', ended)
    connection.off('close', stop)
    connection.pause()
    decided({ verdict, head })
  }
  const read = (chunk: Buffer) => {
    head = head.length === 0 ? chunk : Buffer.concat([head, chunk])
    const verdict = sniff(head)
    if (verdict !== 'undecided') decide(verdict)
    else if (head.length >= SNIFF_LIMIT_BYTES) decide('line')
  }
  // One line without its end, and then the end of all: `printf hi | nc` (C6).
  const ended = () => (head.length > 0 ? decide(verdictAtLast(head)) : connection.destroy())

  // A busy host may be later than its peer: what has come by now is read first.
  cancel = clock.after(silentMs, () => clock.soon(() => over || decide(verdictAtLast(head))))
  connection.on('data', read)
  connection.once('end', ended)
  connection.once('close', stop)
}
