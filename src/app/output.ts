import type { Writable } from 'node:stream'

/** As much as we use of what Node keeps behind a terminal's stream. */
interface Handle {
  setBlocking?(on: boolean): unknown
}

/**
 * Node writes to a terminal and waits until it has taken everything. One that takes nothing (Ctrl-S, a dead ssh) would stop the
 * process, and with it everybody's chat: from now on what it does not take waits in memory, as for a pipe (C89).
 */
export function neverWaitFor(stream: Writable & { isTTY?: boolean; _handle?: Handle | null }): void {
  if (stream.isTTY === true) stream._handle?.setBlocking?.(false)
}
