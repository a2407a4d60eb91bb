export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>

/** For whoever runs the host. Never message text, tokens or file names; an `error` field holds a code or an error's message. */
export interface Log {
  info(what: string, fields?: LogFields): void
  warn(what: string, fields?: LogFields): void
  error(what: string, fields?: LogFields): void
}
