import { Component } from 'preact'
import { isNamedIn } from '#domain/names/text.ts'
import type { Removal } from '#domain/room/commands.ts'
import type { Audience, Member } from '#domain/room/events.ts'
import { eventText } from '#i18n/render-event.ts'
import type { PageTranslator } from '#i18n/translator.ts'
import { FileCard } from '../files/file-card.tsx'
import { usePage, useSay } from '../state/context.ts'
import type { Room } from '../state/room.ts'
import { MessageText } from '../text/message-text.tsx'
import type { PendingMessage } from '../timeline/outbox.ts'
import type { FileEntry, PresenceRow, Row, Talked } from '../timeline/rows.ts'
import { CopyIcon, RemoveIcon, ReplyIcon } from './icons.tsx'
import { Day, Face, Name, Time } from './labels.tsx'

interface RowProps {
  readonly room: Room
  readonly row: Row
  readonly words: PageTranslator
  readonly active: boolean
  readonly found: boolean
}

/** One row of the timeline. Drawn again only when something about it has changed: there are hundreds, and news come often. */
export class RowView extends Component<RowProps> {
  override shouldComponentUpdate(next: RowProps): boolean {
    const { row, words, active, found } = this.props
    return words !== next.words || active !== next.active || found !== next.found || !isSame(row, next.row)
  }

  override render({ room, row, words, active, found }: RowProps) {
    const mark = found ? ' found' : ''
    switch (row.type) {
      case 'day':
        return (
          <li class="day" data-key={row.key}>
            <span>
              <Day at={row.at} />
            </span>
          </li>
        )
      case 'divider':
        return (
          <li class="divider" data-key={row.key}>
            <span>{words.say('newHere')}</span>
          </li>
        )
      case 'talk':
        return (
          <li class={`row${mark}`} data-key={row.key} tabIndex={-1}>
            <TalkRow room={room} entry={row.entry} headed={row.headed} active={active} />
          </li>
        )
      case 'file':
        return (
          <li class={`row${mark}`} data-key={row.key} tabIndex={-1}>
            <FileRow room={room} entry={row.entry} active={active} />
          </li>
        )
      case 'told':
        return (
          <li class={`told${mark}`} data-key={row.key}>
            {eventText(row.entry, words)}
          </li>
        )
      case 'notice':
        return (
          <li class="told" data-key={row.key}>
            {eventText(row.event, words)}
          </li>
        )
      case 'presence':
        return (
          <li class="told" data-key={row.key}>
            {presenceText(row.presence, words.say)}
          </li>
        )
      default:
        return row satisfies never
    }
  }
}

function isSame(one: Row, other: Row): boolean {
  if (one.type === 'talk' && other.type === 'talk') return one.entry === other.entry && one.headed === other.headed
  if (one.type === 'file' && other.type === 'file') return one.entry === other.entry
  return one.key === other.key && JSON.stringify(one) === JSON.stringify(other)
}

const MOST_NAMES = 5

function presenceText({ joined, left, passed, renamed, kicked }: PresenceRow, say: PageTranslator['say']): string {
  const some = (names: readonly string[]) => {
    const shown = [...new Set(names)].slice(0, MOST_NAMES).join(', ')
    const more = names.length - MOST_NAMES
    return more > 0 ? say('andMore', { names: shown, count: more }) : shown
  }
  const [come] = joined
  const [gone] = left
  const told: string[] = []
  if (come !== undefined)
    told.push(
      joined.length === 1
        ? say('joined', { name: come })
        : say('joinedMany', { count: joined.length, names: some(joined) }),
    )
  if (passed.length > 0) told.push(say('cameAndWent', { count: passed.length, names: some(passed) }))
  if (gone !== undefined)
    told.push(
      left.length === 1 ? say('left', { name: gone }) : say('leftMany', { count: left.length, names: some(left) }),
    )
  for (const { from, name } of renamed) told.push(say('renamed', { from, name }))
  for (const each of kicked) told.push(say('kicked', each))
  return told.join(' · ')
}

interface TalkProps {
  readonly room: Room
  readonly entry: Talked
  readonly headed: boolean
  /** Its actions are shown. */
  readonly active: boolean
}

/** Something that somebody said. */
function TalkRow({ room, entry, headed, active }: TalkProps) {
  const say = useSay()
  const me = room.store.member.value
  const { by, text, type } = entry
  const own = by.id === me.id
  const lit = !own && isNamedIn(text, me.name)
  return (
    <div class={`talk ${type}${headed ? ' headed' : ''}${lit ? ' lit' : ''}`}>
      <div class="gutter">{headed ? <Face {...by} /> : <Time at={entry.at} />}</div>
      <div class="body">
        {headed && type !== 'acted' && (
          <div class="head">
            <button type="button" class="who" onClick={() => room.show({ type: 'member', member: by })}>
              <Name {...by} />
            </button>
            {type === 'whispered' && (
              <span class="only">{own ? say('onlyTo', { name: entry.to.name }) : say('toYou')}</span>
            )}
            <Time at={entry.at} />
          </div>
        )}
        {type === 'acted' ? (
          <div class="act">
            <Name {...by} /> <MessageText text={text} /> <Time at={entry.at} />
          </div>
        ) : (
          <MessageText text={text} />
        )}
      </div>
      {active && <Actions room={room} entry={entry} own={own} />}
    </div>
  )
}

function Actions({ room, entry, own }: { readonly room: Room; readonly entry: Talked; readonly own: boolean }) {
  const { words } = usePage()
  const { say } = words.value
  const reply = () => {
    if (entry.type === 'whispered') room.writing.address(own ? entry.to.name : entry.by.name)
    else room.writing.quote(entry)
  }
  const copy = () => {
    if (copied(entry.text)) room.notices.add(say('copied'))
  }
  return (
    <div class="actions">
      <button type="button" class="plain" aria-label={say('replyTo', { name: entry.by.name })} onClick={reply}>
        <ReplyIcon />
      </button>
      <button type="button" class="plain" aria-label={say('copy')} onClick={copy}>
        <CopyIcon />
      </button>
      {mayRemove(room, entry.by) && (
        <RemoveButton room={room} command={{ type: 'removeMessage', seq: entry.seq }} name="" />
      )}
    </div>
  )
}

/** The room decides; these are offered it. */
const mayRemove = ({ store }: Room, by: Member): boolean =>
  by.id === store.member.value.id || store.member.value.role !== undefined

interface RemoveProps {
  readonly room: Room
  readonly command: Removal
  /** Of a file; empty for a message. */
  readonly name: string
}

function RemoveButton({ room, command, name }: RemoveProps) {
  const say = useSay()
  const label = name === '' ? say('remove') : `${say('remove')}: ${name}`
  return (
    <button type="button" class="plain" aria-label={label} onClick={() => room.show({ type: 'remove', command, name })}>
      <RemoveIcon />
    </button>
  )
}

interface FileRowProps {
  readonly room: Room
  readonly entry: FileEntry
  /** Its actions are shown. */
  readonly active: boolean
}

/** A file, as something that somebody said. */
function FileRow({ room, entry, active }: FileRowProps) {
  const say = useSay()
  const { by, at, file } = entry
  const me = room.store.member.value.id
  const isGone = entry.type === 'fileWithdrawn' || room.files.of(file.id).value.status === 'gone'
  return (
    <div class="talk headed">
      <div class="gutter">
        <Face {...by} />
      </div>
      <div class="body">
        <div class="head">
          <button type="button" class="who" onClick={() => room.show({ type: 'member', member: by })}>
            <Name {...by} />
          </button>
          {file.audience !== undefined && <span class="only">{only(file.audience, me, say)}</span>}
          <Time at={at} />
        </div>
        <FileCard room={room} entry={entry} />
      </div>
      {active && !isGone && mayRemove(room, by) && (
        <div class="actions">
          <RemoveButton room={room} command={{ type: 'removeFile', file: file.id }} name={file.name} />
        </div>
      )}
    </div>
  )
}

/** The other readers of an entry with an audience. */
function only({ to }: Audience, me: string, say: PageTranslator['say']): string {
  if (to === 'staff') return say('onlyTo', { name: say('staff') })
  return to.id === me ? say('toYou') : say('onlyTo', { name: to.name })
}

/** Something said here that the room does not have yet, or will not have. */
export function PendingRow({ room, pending }: { readonly room: Room; readonly pending: PendingMessage }) {
  const words = usePage().words.value
  const { say } = words
  const { talk, status } = pending
  const me = room.store.member.value
  return (
    <li class={`row unshown ${status}`} tabIndex={-1}>
      <div class="talk headed">
        <div class="gutter">
          <Face {...me} />
        </div>
        <div class="body">
          <div class="head">
            <Name {...me} />
            {talk.type === 'whisper' && <span class="only">{say('onlyTo', { name: talk.to })}</span>}
            {status === 'waiting' && <span class="state">{say('waiting')}</span>}
          </div>
          <MessageText text={talk.text} />
          {status === 'failed' && (
            <p class="wrong" role="alert">
              {say('failed', { why: words.refusal(pending.why) })}{' '}
              <button type="button" onClick={() => room.outbox.retry(talk.id)}>
                {say('retry')}
              </button>{' '}
              <button type="button" onClick={() => room.outbox.discard(talk.id)}>
                {say('discard')}
              </button>
            </p>
          )}
        </div>
      </div>
    </li>
  )
}

/** Puts a text on the clipboard, and says whether that worked. `navigator.clipboard` is not there on plain http; this is. */
function copied(text: string): boolean {
  const field = document.createElement('textarea')
  field.value = text
  field.className = 'unseen'
  const focused = document.activeElement
  document.body.append(field)
  field.select()
  try {
    return document.execCommand('copy')
  } catch {
    return false
  } finally {
    field.remove()
    if (focused instanceof HTMLElement) focused.focus({ preventScroll: true })
  }
}
