import {
  type Acted,
  type Entry,
  type FileCompleted,
  type FileOffered,
  type FileWithdrawn,
  type HostNotice,
  isEntry,
  isHostNotice,
  type Missed,
  type Said,
  type Whispered,
} from '#domain/room/events.ts'
import type { RuleEvent } from '#i18n/render-rule.ts'
import type { Item } from './timeline.ts'

export type Talked = Said | Acted | Whispered
export type FileEntry = FileOffered | FileCompleted | FileWithdrawn
type Told = Exclude<Entry, Talked | FileEntry | { readonly type: 'fileReceived' | 'fileServed' | 'messageRemoved' }>

/** Their sentences are not loaded with the page. */
export const isRuleEvent = (entry: Told): entry is Extract<Told, RuleEvent> =>
  entry.type !== 'topicSet' && entry.type !== 'erased' && entry.type !== 'cleared'

/** The rows of the timeline, from top to bottom. A row's key stays the same for as long as the row does. */
export type Row =
  | { readonly type: 'day'; readonly key: string; readonly at: number }
  | { readonly type: 'divider'; readonly key: string }
  /** `headed`: with name and time; else it goes on from the message above. */
  | { readonly type: 'talk'; readonly key: string; readonly entry: Talked; readonly headed: boolean }
  /** Files of one person in a row, in the order in which they were offered. */
  | { readonly type: 'files'; readonly key: string; readonly entries: readonly FileEntry[]; readonly headed: boolean }
  | { readonly type: 'told'; readonly key: string; readonly entry: Told }
  | { readonly type: 'notice'; readonly key: string; readonly event: Missed | HostNotice }
  /** Joins and leaves in a row, folded into one. */
  | { readonly type: 'presence'; readonly key: string; readonly presence: PresenceRow }

export interface PresenceRow {
  readonly at: number
  readonly joined: readonly string[]
  readonly left: readonly string[]
  /** The first of them went. */
  readonly isLeftFirst: boolean
  /** Came and went meanwhile. */
  readonly passed: readonly string[]
  readonly renamed: readonly { readonly from: string; readonly name: string }[]
  /** Sent out, by whom and why: never folded away. */
  readonly kicked: readonly { readonly name: string; readonly by: string; readonly why: string }[]
}

/** `divider`: the last entry that had been read. */
export function rowsOf(items: readonly Item[], divider: number | undefined, groupMs: number): readonly Row[] {
  const rows: Row[] = []
  const shownAt = lastOfEachFile(items)
  const begins = firstOfEachFile(items)
  let clearedBy: string | undefined
  let day = ''
  let isDivided = divider === undefined
  let above: Talked | FileEntry | undefined
  let fold: Extract<Item, { readonly key: string }>[] = []
  const foldUp = () => {
    const first = fold[0]
    const presence = presenceOf(fold)
    fold = []
    if (first !== undefined && presence !== undefined) {
      rows.push({ type: 'presence', key: first.key, presence })
      above = undefined
    }
  }
  for (const item of items) {
    // A message that was removed says so in its place.
    if (item.type === 'fileReceived' || item.type === 'fileServed' || item.type === 'messageRemoved') continue
    if (isEntry(item) && isFile(item) && shownAt.get(item.file.id) !== item.seq) continue
    if (item.type === 'cleared') clearedBy = item.by.id
    // All files of a room that its owner has cleared go one by one.
    const isCleared = item.type === 'fileWithdrawn' && item.removedBy !== undefined && item.removedBy.id === clearedBy
    if (isCleared && begins.get(item.file.id) === item.seq) continue
    const itsDay = new Date(item.at).toDateString()
    if (isEntry(item) || isNotice(item) || itsDay !== day) foldUp()
    if (itsDay !== day) {
      rows.push({ type: 'day', key: `d${itsDay}`, at: item.at })
      day = itsDay
      above = undefined
    }
    if (!isEntry(item)) {
      if (isNotice(item)) rows.push({ type: 'notice', key: item.key, event: item })
      else fold.push(item)
      continue
    }
    if (!isDivided && item.seq > (divider ?? 0)) {
      isDivided = true
      // Nothing above it that was read: there is nothing to divide.
      if (rows.some(({ type }) => type !== 'day')) rows.push({ type: 'divider', key: 'divider' })
      above = undefined
    }
    const key = `e${item.seq}`
    const headed = !goesOn(above, item, groupMs)
    if (isTalk(item)) rows.push({ type: 'talk', key, entry: item, headed })
    else if (isFile(item)) {
      const last = rows.at(-1)
      const isMore = !headed && last?.type === 'files' && above !== undefined && isFile(above) && isForSame(above, item)
      const entries = isMore ? [...last.entries, item] : [item]
      const inOrder = entries.sort((one, other) => (begins.get(one.file.id) ?? 0) - (begins.get(other.file.id) ?? 0))
      if (isMore) rows.pop()
      rows.push({
        type: 'files',
        key: `g${inOrder[0]?.file.id}`,
        entries: inOrder,
        headed: isMore ? last.headed : headed || item.file.audience !== undefined,
      })
    } else rows.push({ type: 'told', key, entry: item })
    above = isTalk(item) || isFile(item) ? item : undefined
  }
  foldUp()
  return rows
}

const isForSame = (one: FileEntry, other: FileEntry): boolean =>
  JSON.stringify(one.file.audience) === JSON.stringify(other.file.audience)

type Notice = 'missed' | HostNotice['type']
const isNotice = <Each extends Item>(item: Each): item is Extract<Each, { readonly type: Notice }> =>
  item.type === 'missed' || isHostNotice(item)

const isTalk = (entry: Entry): entry is Talked =>
  entry.type === 'said' || entry.type === 'acted' || entry.type === 'whispered'

export const isFile = (entry: Entry): entry is FileEntry =>
  entry.type === 'fileOffered' || entry.type === 'fileCompleted' || entry.type === 'fileWithdrawn'

/** Whether it stands under the same head as what is above it: anything that one person says to everybody, or sends, within a while. */
function goesOn(above: Talked | FileEntry | undefined, below: Entry, groupMs: number): boolean {
  const stands = (entry: Entry) => entry.type === 'said' || isFile(entry)
  return (
    above !== undefined &&
    stands(above) &&
    stands(below) &&
    above.by.id === below.by.id &&
    above.by.name === below.by.name &&
    below.at - above.at < groupMs
  )
}

function firstOfEachFile(items: readonly Item[]): ReadonlyMap<string, number> {
  const first = new Map<string, number>()
  for (const item of items.toReversed()) if (isEntry(item) && isFile(item)) first.set(item.file.id, item.seq)
  return first
}

/** A file stands where the last thing happened to it. */
function lastOfEachFile(items: readonly Item[]): ReadonlyMap<string, number> {
  const last = new Map<string, number>()
  for (const item of items) if (isEntry(item) && isFile(item)) last.set(item.file.id, item.seq)
  return last
}

function presenceOf(items: readonly Extract<Item, { readonly key: string }>[]): PresenceRow | undefined {
  const joined = new Map<string, string>()
  const left = new Map<string, string>()
  const passed: string[] = []
  const renamed: { from: string; name: string }[] = []
  const kicked: { name: string; by: string; why: string }[] = []
  let first: 'joined' | 'left' | undefined
  for (const item of items) {
    if (isNotice(item) || item.type === 'away' || item.type === 'back') continue
    const { id, name } = item.by
    if (item.type === 'renamed') renamed.push({ from: item.from, name })
    else if (item.type === 'joined') {
      // Gone for a moment only: a page that was opened anew, a connection that was lost, a host that was started again.
      const before = left.has(id) ? id : [...left].find(([, gone]) => gone === name)?.[0]
      if (before !== undefined) left.delete(before)
      else {
        first ??= 'joined'
        joined.set(id, name)
      }
    } else if (item.kickedBy !== undefined) {
      joined.delete(id)
      kicked.push({ name, by: item.kickedBy.name, why: item.reason })
    } else if (joined.delete(id)) passed.push(name)
    else {
      first ??= 'left'
      left.set(id, name)
    }
  }
  const all = { joined: [...joined.values()], left: [...left.values()], passed, renamed, kicked }
  const at = items[0]?.at ?? 0
  return Object.values(all).some(({ length }) => length > 0) ? { at, isLeftFirst: first === 'left', ...all } : undefined
}
