import type { Rejected } from '#domain/errors.ts'
import type { Translator } from '#i18n/translator.ts'
import type { Message } from './codec.ts'

/** One command of IRC: a row of the table in `verbs.ts`. `On`: the connection that it came over. */
export interface Verb<On> {
  /** Parameters that it needs; with fewer, 461. */
  readonly least: number
  /** Understood also before registration is complete. */
  readonly beforeAuth?: true
  /** It posts to a room and has no answer: it waits for nothing that was posted before. */
  readonly posts?: true
  /** It is a command of the rooms, for which IRC has no word. */
  readonly isOfRooms?: true
  run(connection: On, message: Message): Promise<unknown> | undefined
}

/** Names in one parameter, with commas between them; more than `most` are left out. */
export const listOf = (param: string | undefined, most: number): readonly string[] =>
  (param ?? '')
    .split(',')
    .filter((each) => each !== '')
    .slice(0, most)

/** Numerics of refusals that have one of their own. */
const NUMERICS: Readonly<Record<string, string>> = {
  NO_SUCH_MEMBER: '441',
  NOT_ALLOWED: '482',
  NOT_OWNER: '482',
  LOCKED: '482',
  NOT_A_MEMBER: '442',
}

interface Told {
  readonly renderer: { readonly words: Translator }
  numeric(code: string, params: readonly string[], text?: string): void
}

/** Tells why a command about a room was refused. */
export function tellRefusal(connection: Told, channel: { readonly name: string }, why: Rejected, nick?: string): void {
  const code = NUMERICS[why.code] ?? '404'
  const about = code === '441' ? [nick ?? '*', channel.name] : [channel.name]
  connection.numeric(code, about, `${why.code} ${connection.renderer.words.refusal(why)}`)
}
