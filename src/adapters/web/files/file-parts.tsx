import type { Progress } from '#client/transfers.ts'
import { forTerminal } from '#domain/names/text.ts'
import type { Member, MentionedFile } from '#domain/room/events.ts'
import { leftText, sizeText, titleOf } from '#i18n/format.ts'
import type { PageTranslator } from '#i18n/translator.ts'
import { pageDefaults } from '../defaults.ts'
import { usePage } from '../state/context.ts'
import type { Room } from '../state/room.ts'
import { Icon } from '../views/icons.tsx'
import { plainLink, saveFile, tileOf } from './file-links.ts'

// What cards, the list of files and their dialogs show of a file alike.

interface TileProps {
  readonly file: MentionedFile
  /** What a click on it does, where it does something. */
  readonly label?: string | undefined
  readonly act?: () => void
}

export function Tile({ file, label, act }: TileProps) {
  const { text, hue } = tileOf(file)
  const shown = text === '' ? <Icon of={file.folder === undefined ? 'file' : 'folder'} /> : text
  return label === undefined ? (
    <span class={`kind hue-${hue}`} aria-hidden="true">
      {shown}
    </span>
  ) : (
    <button type="button" class={`kind hue-${hue}`} aria-label={label} title={label} onClick={act}>
      {shown}
    </button>
  )
}

const END_CHARS = 10

/** On one line, cut in the middle: its end tells what it is. */
export function FileName({ file }: { readonly file: MentionedFile }) {
  const name = forTerminal(titleOf(file))
  const signs = [...name]
  const at = signs.length > 2 * END_CHARS ? signs.length - END_CHARS : signs.length
  return (
    <div class="file-name" dir="auto" title={name}>
      <span class="start">{signs.slice(0, at).join('')}</span>
      <span class="end">{signs.slice(at).join('')}</span>
    </div>
  )
}

export interface FileProps {
  readonly room: Room
  readonly file: MentionedFile
}

export function DownloadButton({ room, file }: FileProps) {
  const words = usePage().words.value
  const label = `${words.say('download')}: ${file.name}`
  const save = (event: Event) => {
    event.preventDefault()
    void saveFile(room, file, words)
  }
  return (
    <a
      class="button plain"
      aria-label={label}
      title={words.say('download')}
      href={`.${plainLink(file)}`}
      download={file.name}
      onClick={save}
    >
      <Icon of="download" />
    </a>
  )
}

/** The members beside its sender who may see a file: those who have it, and the others. */
export function receiversOf({ store, files }: Room, file: MentionedFile, by: Member) {
  const { audience } = file
  const mayHave = ({ id, role }: Member) =>
    audience === undefined || (audience.to === 'staff' ? role !== undefined : audience.to.id === id)
  const others = store.members.value.filter((each) => mayHave(each) && each.id !== by.id && each.name !== by.name)
  const { verified = [], served = [] } = files.of(file.id).value ?? {}
  const has = new Set([...verified, ...served])
  const names = others.map(({ name }) => name)
  return {
    have: names.filter((name) => has.has(name)),
    /** Those of them who have compared it with its digest. */
    checked: names.filter((name) => verified.includes(name)),
    missing: names.filter((name) => !has.has(name)),
    /** They have it, and are not here. */
    away: [...has].filter((name) => name !== by.name && !names.includes(name)),
  }
}

/** `41 % of 2.1 GB`, `24 MB/s`, `52 s left`; or that the connection is being made again. */
export function movingTexts(
  done: number,
  total: number | undefined,
  moves: Pick<Progress, 'rate' | 'stillMs' | 'retries'> | undefined,
  { say, language }: PageTranslator,
): readonly string[] {
  const percent =
    total === undefined || total === 0
      ? sizeText(done, language)
      : say('percentOf', { percent: Math.floor((done / total) * 100), size: sizeText(total, language) })
  if (moves === undefined) return [percent]
  if (moves.retries > 0 || moves.stillMs > pageDefaults.stillMs) return [percent, say('reconnecting')]
  if (moves.rate <= 0) return [percent]
  const left =
    total === undefined ? [] : [say('timeToGo', { time: leftText(((total - done) / moves.rate) * 1000, language) })]
  return [percent, `${sizeText(moves.rate, language)}/s`, ...left]
}
