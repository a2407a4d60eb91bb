/** The exit codes of the process (design section 8). */
export const exitCodes = {
  done: 0,
  unexpected: 1,
  usage: 2,
  unreachable: 3,
  refused: 4,
  notFound: 5,
  /** It is incomplete; the same command continues. */
  incomplete: 6,
  /** The received bytes differ from the sent ones. */
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

/** The meaning of each code for people, written down only here. */
export const exitMeanings: readonly (readonly [code: ExitCode, meaning: string])[] = [
  [exitCodes.done, 'done, and verified'],
  [exitCodes.unexpected, 'unexpected error; doctor: something is bad'],
  [exitCodes.usage, 'wrong usage'],
  [exitCodes.unreachable, 'cannot connect'],
  [exitCodes.refused, 'refused by the host, or by permissions on this machine'],
  [exitCodes.notFound, 'not found'],
  [
    exitCodes.incomplete,
    'incomplete; the command that resumes is printed. Of several files: they failed in different ways (after the same failure its own code)',
  ],
  [exitCodes.integrity, 'wrong bytes: a file or bundle does not match its digest'],
  [exitCodes.exists, 'exists already, or declined'],
  [exitCodes.timeout, 'timeout'],
  [exitCodes.portInUse, 'the port is in use'],
  [exitCodes.bug, 'a bug of ours'],
  [exitCodes.disk, 'the disk failed, or is full'],
  [exitCodes.directoryInUse, 'the data directory is in use, or the name of the node'],
  [exitCodes.unsafeConfiguration, 'unsafe configuration, or a Node that is too old'],
  [exitCodes.interrupted, 'interrupted; a host: by a second Ctrl-C'],
]

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** Ends the command with one sentence for its user. */
export class CommandFailed extends Error {
  readonly exitCode: ExitCode

  constructor(exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.exitCode = exitCode
  }
}

/** Done, except for the parts that were named. */
export class PartlyDone extends CommandFailed {
  constructor(message: string) {
    super(exitCodes.incomplete, message)
  }
}
