import { Component } from 'preact'
import { isNamedIn } from '#domain/names/text.ts'
import type { Audience, Member } from '#domain/room/events.ts'
import { commonText, kickedText } from '#i18n/render-event.ts'
import type { RuleEvent } from '#i18n/render-rule.ts'
import type { PageTranslator } from '#i18n/translator.ts'
import { copied } from '../browser/platform.ts'
import { FileGroup } from '../files/file-group.tsx'
import { usePage, useSay } from '../state/context.ts'
import type { Room } from '../state/room.ts'
import { MessageText } from '../text/message-text.tsx'
import type { PendingMessage } from '../timeline/outbox.ts'
import { isRuleEvent, type PresenceRow, type Row, type Talked } from '../timeline/rows.ts'
import { Day, Face, Name, Time } from './labels.tsx'
import { More } from './load-more.tsx'
import { IconButton } from './menu.tsx'
import { PersonMenu } from './person-menu.tsx'

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
            <Day at={row.at} />
          </li>
        )
      case 'divider':
        return (
          <li class="divider" data-key={row.key}>
            {words.say('newHere')}
          </li>
        )
      case 'talk':
        return (
          <li class={`row${mark}`} data-key={row.key} tabIndex={-1}>
            <TalkRow room={room} entry={row.entry} headed={row.headed} active={active} />
          </li>
        )
      case 'files':
        return (
          <li class={`row${mark}`} data-key={row.key} tabIndex={-1}>
            <FilesRow room={room} row={row} />
          </li>
        )
      case 'told':
        return (
          <li class={`told${mark}`} data-key={row.key}>
            {isRuleEvent(row.entry) ? <RuleRow event={row.entry} /> : commonText(row.entry, words)}
          </li>
        )
      case 'notice':
        return (
          <li class="told" data-key={row.key}>
            {commonText(row.event, words)}
          </li>
        )
      case 'presence':
        return (
          <li class="told" data-key={row.key}>
            {presenceText(row.presence, words)}
          </li>
        )
      default:
        return row satisfies never
    }
  }
}

/** Its sentence is loaded when there is one. */
const RuleRow = ({ event }: { readonly event: RuleEvent }) => (
  <More>{({ RuleText }) => <RuleText event={event} />}</More>
)

function isSame(one: Row, other: Row): boolean {
  if (one.type === 'talk' && other.type === 'talk') return one.entry === other.entry && one.headed === other.headed
  if (one.type === 'files' && other.type === 'files')
    return (
      one.headed === other.headed &&
      one.entries.length === other.entries.length &&
      one.entries.every((entry, at) => entry === other.entries[at])
    )
  return one.key === other.key && JSON.stringify(one) === JSON.stringify(other)
}

const MOST_NAMES = 5

function presenceText(
  { joined, left, passed, renamed, kicked, isLeftFirst }: PresenceRow,
  words: PageTranslator,
): string {
  const { say } = words
  const some = (names: readonly string[]) => {
    const shown = [...new Set(names)].slice(0, MOST_NAMES).join(', ')
    const more = names.length - MOST_NAMES
    return more > 0 ? say('andMore', { names: shown, count: more }) : shown
  }
  const told = (names: readonly string[], one: 'joined' | 'left') => {
    const [name] = names
    if (name === undefined) return []
    return [names.length === 1 ? say(one, { name }) : say(`${one}Many`, { count: names.length, names: some(names) })]
  }
  const came = told(joined, 'joined')
  const went = told(left, 'left')
  return [
    ...(isLeftFirst ? went : came),
    ...(passed.length > 0 ? [say('cameAndWent', { count: passed.length, names: some(passed) })] : []),
    ...(isLeftFirst ? came : went),
    ...renamed.map(({ from, name }) => say('renamed', { from, name })),
    ...kicked.map(({ name, by, why }) => kickedText(name, by, why, words)),
  ].join(' · ')
}

interface HeadProps {
  readonly room: Room
  readonly by: Member
  readonly at: number
  /** Who else sees it, where not everybody does. */
  readonly only?: string | undefined
}

const Head = ({ room, by, at, only }: HeadProps) => (
  <div class="head">
    <PersonMenu room={room} member={by} class="who">
      <Name name={by.name} />
    </PersonMenu>
    {only !== undefined && <span class="only">{only}</span>}
    <Time at={at} />
  </div>
)

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
  const only = type !== 'whispered' ? undefined : own ? say('onlyTo', { name: entry.to.name }) : say('toYou')
  return (
    <div class={`talk ${type}${headed ? ' headed' : ''}${lit ? ' lit' : ''}`}>
      <div class="gutter">{headed ? <Face name={by.name} /> : <Time at={entry.at} />}</div>
      <div class="body">
        {headed && type !== 'acted' && <Head room={room} by={by} at={entry.at} only={only} />}
        {type === 'acted' ? (
          <div class="act">
            <Name name={by.name} /> <MessageText text={text} /> <Time at={entry.at} />
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
      <IconButton icon="reply" label={say('replyTo', { name: entry.by.name })} act={reply} />
      <IconButton icon="copy" label={say('copy')} act={copy} />
      {room.mayRemove(entry.by) && (
        <IconButton
          icon="remove"
          label={say('remove')}
          act={() => room.show({ type: 'remove', command: { type: 'removeMessage', seq: entry.seq }, name: '' })}
        />
      )}
    </div>
  )
}

/** Files, as something that somebody said. */
function FilesRow({ room, row }: { readonly room: Room; readonly row: Extract<Row, { readonly type: 'files' }> }) {
  const say = useSay()
  const { entries, headed } = row
  const [first] = entries
  if (first === undefined) return null
  const { by, at, file } = first
  const me = room.store.member.value.id
  const audience = file.audience === undefined ? undefined : only(file.audience, me, say)
  return (
    <div class={headed ? 'talk headed' : 'talk'}>
      <div class="gutter">{headed ? <Face name={by.name} /> : <Time at={at} />}</div>
      <div class="body">
        {headed && <Head room={room} by={by} at={at} only={audience} />}
        <FileGroup room={room} entries={entries} />
      </div>
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
    <li class={`row pending ${status}`} tabIndex={-1}>
      <div class="talk headed">
        <div class="gutter">
          <Face name={me.name} />
        </div>
        <div class="body">
          <div class="head">
            <Name name={me.name} />
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
