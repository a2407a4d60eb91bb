import type { Writable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'

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

/** Waits until the reader has taken what was written, or `ms` at most: whoever reads lines should not get half of one. */
export async function flushed(stream: Writable, ms: number): Promise<void> {
  if (stream.writableLength === 0) return
  await Promise.race([new Promise<void>((resolve) => stream.write('', () => resolve())), setTimeout(ms)])
}
