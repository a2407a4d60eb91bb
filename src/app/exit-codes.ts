/** What the process says when it ends (design section 8). */
export const exitCodes = {
  done: 0,
  unexpected: 1,
  usage: 2,
  unreachable: 3,
  refused: 4,
  notFound: 5,
  /** Not all of it is there, and the same command goes on. */
  incomplete: 6,
  /** Other bytes arrived than were sent. */
  integrity: 7,
  exists: 8,
  timeout: 9,
  portInUse: 69,
  bug: 70,
  disk: 74,
  directoryInUse: 75,
  unsafeConfiguration: 78,
  interrupted: 130,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** Ends the command with one sentence for the person who typed it. */
export class CommandFailed extends Error {
  readonly exitCode: ExitCode

  constructor(exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.exitCode = exitCode
  }
}
