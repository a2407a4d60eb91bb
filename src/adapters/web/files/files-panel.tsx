import { useSignal } from '@preact/signals'
import { forTerminal } from '#domain/names/text.ts'
import { fileSizeText } from '#i18n/format.ts'
import type { PageTranslator } from '#i18n/translator.ts'
import { pageDefaults } from '../defaults.ts'
import { useFullWords, usePage } from '../state/context.ts'
import type { Room } from '../state/room.ts'
import { Icon } from '../views/icons.tsx'
import { IconButton, Menu } from '../views/menu.tsx'
import { FileActions } from './file-actions.tsx'
import { saveArchive } from './file-links.ts'
import { DownloadButton, FileName, receiversOf, Tile } from './file-parts.tsx'
import { FolderList } from './file-preview.tsx'
import { HandIns } from './hand-ins.tsx'
import { PickButton } from './pick-button.tsx'
import type { FileState } from './room-files.ts'

const orders = ['newest', 'byName', 'largest'] as const
type Order = (typeof orders)[number]

const bytesOf = ({ file }: FileState): number => file.folder?.bytes ?? file.size ?? 0

const ORDER: Readonly<Record<Order, (one: FileState, other: FileState) => number>> = {
  newest: (one, other) => other.at - one.at,
  byName: (one, other) => one.file.name.localeCompare(other.file.name),
  largest: (one, other) => bytesOf(other) - bytesOf(one),
}

/** All files of the room that one may see. */
export function FilesPanel({ room, close }: { readonly room: Room; readonly close: () => void }) {
  const { transfers } = usePage()
  const words = useFullWords()
  const { say } = words
  const wanted = useSignal('')
  const order = useSignal<Order>('newest')
  const all = room.files.all()
  const terms = wanted.value.toLowerCase().split(/\s+/)
  const isWanted = ({ file, by }: FileState) => {
    const text = `${file.name} ${by.name}`.toLowerCase()
    return terms.every((term) => text.includes(term))
  }
  const shown = all.filter(isWanted).sort(ORDER[order.value])
  const whole = shown.filter(({ status }) => status === 'whole')
  const saveAll = () => {
    const only = whole.length === all.length ? [] : whole.map(({ file }) => file.id)
    return saveArchive(room, only, words)
  }
  return (
    <aside class="files-panel" aria-label={say('files')}>
      <header>
        <h2>
          {say('files')} <span>{all.length}</span>
        </h2>
        {whole.length > 1 && (
          <button type="button" class="quiet" onClick={() => void saveAll()}>
            {say('saveAll')}
          </button>
        )}
        <IconButton icon="close" label={say('close')} act={close} />
      </header>
      <div class="filter">
        <Icon of="search" />
        <input
          type="search"
          aria-label={say('findFile')}
          placeholder={say('findFile')}
          value={wanted}
          onInput={({ currentTarget }) => {
            wanted.value = currentTarget.value
          }}
        />
        {all.length > 1 && (
          <select
            aria-label={say('order')}
            value={order.value}
            onChange={({ currentTarget }) => {
              order.value = orders.find((each) => each === currentTarget.value) ?? 'newest'
            }}
          >
            {orders.map((each) => (
              <option key={each} value={each}>
                {say(each)}
              </option>
            ))}
          </select>
        )}
      </div>
      <div class="list">
        <HandIns room={room} />
        <ul>
          {shown.slice(0, pageDefaults.filesShown).map((state) => (
            <FileRow key={state.file.id} room={room} state={state} />
          ))}
        </ul>
        {shown.length > pageDefaults.filesShown && (
          <p class="none fine">{say('moreFiles', { count: shown.length - pageDefaults.filesShown })}</p>
        )}
        {shown.length === 0 && <p class="none fine">{say(all.length === 0 ? 'noFilesYet' : 'nothingFound')}</p>}
      </div>
      <PickButton look="zone" label={say('dropFilesHere')} pick={(files) => transfers.send(room, files)}>
        {say('dropFilesHere')}
        <span class="fine">{say('orAnywhere')}</span>
      </PickButton>
    </aside>
  )
}

function FileRow({ room, state }: { readonly room: Room; readonly state: FileState }) {
  const { words } = usePage()
  const { file, by, status } = state
  const stands = standing(room, state, words.value)
  return (
    <li>
      <Tile file={file} />
      <div class="about">
        <FileName file={file} />
        <div class="meta">
          <span>
            <bdi>{forTerminal(by.name)}</bdi>
          </span>
          {file.size !== undefined && <span>{fileSizeText({ ...file, size: file.size }, words.value)}</span>}
          {stands !== '' && <span>{stands}</span>}
        </div>
      </div>
      <div class="buttons">
        <DownloadButton room={room} file={file} />
        <Menu label={`${words.value.say('moreOf')}: ${file.name}`} button={<Icon of="more" />}>
          {() => <FileActions room={room} file={file} />}
        </Menu>
      </div>
      {status === 'whole' && file.folder !== undefined && (
        <div class="below">
          <FolderList room={room} file={file} />
        </div>
      )}
    </li>
  )
}

/** How far it has come, or how many have it. */
function standing(room: Room, { status, file, by, arrived }: FileState, { say }: PageTranslator): string {
  if (status === 'paused') return say('isPaused')
  if (status === 'arriving')
    return file.size === undefined || file.size === 0 ? say('arriving') : `${Math.floor((arrived / file.size) * 100)} %`
  const { have, missing } = receiversOf(room, file, by)
  return have.length === 0 ? '' : say('haveIt', { count: have.length, of: have.length + missing.length })
}
