import { noSuchMessage, type Rejected, rejected } from '../errors.ts'
import { wantedFile } from '../names/file-name.ts'
import type { RoomSession } from '../session.ts'
import type { RemoveFile, RemoveMessage } from './commands.ts'
import { isMessage, type MentionedFile, type Message, type RoomEvent } from './events.ts'

/** Number of entries searched for a member's newest message. */
export const LOOK_BACK = 500

/**
 * The removal that a person asks for: of a file by its name or id; of a message by its number, `#12`; of a member's newest message,
 * `@ani`, or, without an argument, of their own.
 */
export async function removalOf(
  session: Pick<RoomSession, 'member'> & {
    history(count: number): Promise<readonly RoomEvent[]>
    listFiles(): Promise<readonly { readonly file: Pick<MentionedFile, 'id' | 'name'>; readonly at: number }[]>
  },
  what: string,
): Promise<RemoveMessage | RemoveFile | Rejected> {
  const [, number] = /^#(\d{1,15})$/.exec(what) ?? []
  if (number !== undefined) return { type: 'removeMessage', seq: Number(number) }
  if (what === '' || what.startsWith('@')) {
    const isMeant = ({ by }: Message) => (what === '' ? by.id === session.member.id : by.name === what.slice(1))
    const messages = (await session.history(LOOK_BACK)).filter((event): event is Message => isMessage(event))
    const newest = messages.findLast(isMeant)
    return newest === undefined ? noSuchMessage : { type: 'removeMessage', seq: newest.seq }
  }
  const files = (await session.listFiles()).toSorted((one, other) => other.at - one.at).map(({ file }) => file)
  const found = wantedFile(files, what)
  if (typeof found !== 'string') return { type: 'removeFile', file: found.id }
  return rejected('NO_SUCH_FILE', 'no one file is called so, or has an id that begins so; /files lists them')
}
