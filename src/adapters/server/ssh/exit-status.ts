import type { Code } from '#domain/errors.ts'

/** The exit status of what ran on a channel, as of `tamtam` itself. */
export const EXIT = { done: 0, usage: 2, refused: 4, notFound: 5, incomplete: 6, interrupted: 130 } as const

const OF_CODE: Partial<Record<Code, number>> = {
  BAD_COMMAND: EXIT.usage,
  NOT_FOUND: EXIT.notFound,
  NO_SUCH_FILE: EXIT.notFound,
  NO_SUCH_MEMBER: EXIT.notFound,
  NO_SUCH_MESSAGE: EXIT.notFound,
  NO_SUCH_INVITATION: EXIT.notFound,
  NO_SUCH_LINK: EXIT.notFound,
  TRANSFER_CUT: EXIT.incomplete,
  TRANSFER_STALLED: EXIT.incomplete,
  FENCED: EXIT.incomplete,
  RESTART: EXIT.incomplete,
  CLOSED: EXIT.incomplete,
}

export const exitStatusOf = (code: Code): number => OF_CODE[code] ?? EXIT.refused
