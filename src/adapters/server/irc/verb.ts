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
