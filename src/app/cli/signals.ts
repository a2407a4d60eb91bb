import type { Log } from '#domain/ports/system.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'

export interface Stop {
  readonly exitCode: ExitCode
  readonly why: string
}

export interface StopSignal {
  readonly promise: Promise<Stop>
  /** Stops for a reason of the process's own. */
  now(exitCode: ExitCode, why: string): void
}

/**
 * Resolves when the process is asked to stop: once gracefully, a second time at once (C88). An error that belongs to no
 * connection ends the process as a bug (C90). A reader of our output that goes away ends nothing (C89).
 */
export function stopSignal(process: NodeJS.Process, log: Log): StopSignal {
  const { promise, resolve } = Promise.withResolvers<Stop>()
  let asked = false
  const ask = () => {
    if (asked) process.exit(exitCodes.interrupted)
    asked = true
    resolve({ exitCode: exitCodes.done, why: 'the host stops; come back in a moment' })
  }
  process.on('SIGINT', ask)
  process.on('SIGTERM', ask)
  process.on('SIGHUP', ask)
  process.on('uncaughtException', (error) => {
    log.error('a bug; please report it', { error: error.stack ?? error.message })
    resolve({ exitCode: exitCodes.bug, why: `a bug of ours: ${error.message}` })
  })
  return { promise, now: (exitCode, why) => resolve({ exitCode, why }) }
}
