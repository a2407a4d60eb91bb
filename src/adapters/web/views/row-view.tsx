import { Component } from 'preact'
import { eventText } from '#i18n/render-event.ts'
import type { PageTranslator } from '#i18n/translator.ts'
import type { Room } from '../state/room.ts'
import type { PresenceRow, Row } from '../timeline/rows.ts'
import { FileRow } from './file-row.tsx'
import { TalkRow } from './talk-row.tsx'
import { Day } from './times.tsx'

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
            <FileRow room={room} entry={row.entry} />
          </li>
        )
      case 'told':
        return (
          <li class={`told${mark}`} data-key={row.key}>
            {eventText(row.entry, words)}
          </li>
        )
      case 'missed':
        return (
          <li class="told" data-key={row.key}>
            {eventText(row.missed, words)}
          </li>
        )
      case 'comings':
        return (
          <li class="told" data-key={row.key}>
            {comingsWords(row.comings, words.say)}
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

function comingsWords({ joined, left, passed, renamed, kicked }: PresenceRow, say: PageTranslator['say']): string {
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
