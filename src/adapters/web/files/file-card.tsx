import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { Progress } from '#client/transfers.ts'
import { forTerminal } from '#domain/names/text.ts'
import type { Member } from '#domain/room/events.ts'
import { fileSizeText, sizeText, titleOf } from '#i18n/format.ts'
import { commonText } from '#i18n/render-event.ts'
import { pageDefaults } from '../defaults.ts'
import { usePage } from '../state/context.ts'
import type { Room } from '../state/room.ts'
import type { FileEntry } from '../timeline/rows.ts'
import { Icon } from '../views/icons.tsx'
import { More } from '../views/load-more.tsx'
import { IconButton, Menu } from '../views/menu.tsx'
import { kindOf } from './file-links.ts'
import { DownloadButton, FileName, type FileProps, movingTexts, receiversOf, Tile } from './file-parts.tsx'
import { PickButton } from './pick-button.tsx'
import type { Upload } from './upload.ts'

interface CardProps {
  readonly room: Room
  /** The last thing that happened to it. */
  readonly entry: FileEntry
}

/** A file where it stands in the timeline, in whichever state. */
export function FileCard({ room, entry }: CardProps) {
  const known = room.files.of(entry.file.id).value
  const isGone = entry.type === 'fileWithdrawn' || known?.status === 'gone'
  return isGone ? <Gone entry={entry} /> : <File room={room} entry={entry} />
}

function Gone({ entry }: { readonly entry: FileEntry }) {
  const words = usePage().words.value
  return (
    <div class="file gone fine" data-key={`f${entry.file.id}`}>
      {entry.type === 'fileWithdrawn' && entry.removedBy !== undefined ? (
        commonText(entry, words)
      ) : (
        <>
          <s dir="auto">{forTerminal(titleOf(entry.file))}</s>{' '}
          {entry.type === 'fileWithdrawn' && words.say('fileGoneBecause', { why: entry.reason })}
        </>
      )}
    </div>
  )
}

/** The own upload that a file comes from, while it is on its way. */
const uploadOf = (uploads: readonly Upload[], id: string): Upload | undefined =>
  uploads.find(({ begun }) => begun.value === id)

function File({ room, entry }: CardProps) {
  const { transfers, words } = usePage()
  const { say } = words.value
  const { file, by } = entry
  const isWhole = entry.type === 'fileCompleted'
  const upload = isWhole ? undefined : uploadOf(transfers.uploads.all.value, file.id)
  const kind = file.folder === undefined ? kindOf(file.name) : undefined
  const size = file.size ?? Number.POSITIVE_INFINITY
  const isShown = useSignal(kind === 'picture' && size <= pageDefaults.pictureBytes)
  const isMedia = kind === 'audio' || kind === 'video'
  const canShow =
    kind !== undefined && (isWhole || isMedia) && (kind !== 'text' || size <= pageDefaults.textPreviewBytes)
  const label = (what: string) => `${what}: ${file.name}`
  const turn = () => {
    isShown.value = !isShown.peek()
  }
  const isOffered = canShow && !isMedia && !(kind === 'picture' && isShown.value)
  const show = kind === 'text' ? say('showText') : kind === 'pdf' ? say('openPdf') : say('showPicture')
  return (
    <div class="file" data-key={`f${file.id}`}>
      <Tile file={file} label={isOffered ? label(show) : undefined} act={turn} />
      <div class="about">
        <FileName file={file} />
        {isWhole ? (
          <WholeMeta room={room} file={file} by={by} />
        ) : (
          <MovingMeta room={room} file={file} by={by} upload={upload} />
        )}
      </div>
      <div class="buttons">
        {upload !== undefined ? (
          <UploadButtons upload={upload} />
        ) : (
          <>
            {canShow && isMedia && <IconButton icon="play" label={label(say('play'))} act={turn} />}
            <DownloadButton room={room} file={file} />
            <FileMenu room={room} file={file} />
          </>
        )}
      </div>
      {canShow && isShown.value && (
        <div class="below">
          <More>
            {({ FilePreview }) => (
              <FilePreview
                room={room}
                file={file}
                hide={() => {
                  isShown.value = false
                }}
              />
            )}
          </More>
        </div>
      )}
      {isWhole && kind === 'video' && !isShown.value && (
        <div class="below">
          <More>{({ Poster }) => <Poster room={room} file={file} play={turn} />}</More>
        </div>
      )}
      {isWhole && file.folder !== undefined && (
        <div class="below">
          <More>{({ FolderList }) => <FolderList room={room} file={file} />}</More>
        </div>
      )}
      {!isWhole && <Bar room={room} file={file} upload={upload} />}
    </div>
  )
}

function FileMenu({ room, file }: FileProps) {
  const { say } = usePage().words.value
  return (
    <Menu label={`${say('moreOf')}: ${file.name}`} button={<Icon of="more" />}>
      {() => <More>{({ FileActions }) => <FileActions room={room} file={file} />}</More>}
    </Menu>
  )
}

function UploadButtons({ upload }: { readonly upload: Upload }) {
  const { transfers, words } = usePage()
  const { say } = words.value
  const { status } = upload.state.value
  return (
    <>
      {status === 'paused' ? (
        <IconButton
          icon="play"
          label={`${say('resume')}: ${upload.name}`}
          act={() => transfers.uploads.resume(upload)}
        />
      ) : (
        <IconButton
          icon="pause"
          label={`${say('pause')}: ${upload.name}`}
          act={() => transfers.uploads.pause(upload)}
        />
      )}
      <IconButton
        icon="close"
        label={`${say('cancelTransfer')}: ${upload.name}`}
        act={() => transfers.uploads.remove(upload)}
      />
    </>
  )
}

function WholeMeta({ room, file, by }: FileProps & { readonly by: Member }) {
  const { words } = usePage()
  const { say } = words.value
  const { have, missing } = receiversOf(room, file, by)
  const of = have.length + missing.length
  const isShort =
    kindOf(file.name) === 'text' && (file.size ?? 0) > 0 && (file.size ?? 0) <= pageDefaults.firstWordsBytes
  return (
    <div class="meta">
      <span>{fileSizeText({ ...file, size: file.size ?? 0 }, words.value)}</span>
      {isShort && <More>{({ FirstWords }) => <FirstWords room={room} file={file} />}</More>}
      {of > 0 && (have.length > 0 || by.id === room.store.member.value.id) && (
        <span class={missing.length === 0 ? 'all' : ''}>
          {have.length === 0 ? say('nobodyHas') : say('haveIt', { count: have.length, of })}
        </span>
      )}
      {(file.expiresAt ?? room.store.facts.value.expirySeconds) > 0 && (
        <span>
          <More>{({ Expiry }) => <Expiry room={room} file={file} />}</More>
        </span>
      )}
    </div>
  )
}

interface MovingProps extends FileProps {
  readonly upload: Upload | undefined
}

/** Drawn again as it moves. */
function useTicks(isMoving: boolean): void {
  const ticks = useSignal(0)
  useEffect(() => {
    if (!isMoving) return
    const timer = setInterval(() => ticks.value++, pageDefaults.progressEveryMs)
    return () => clearInterval(timer)
  }, [isMoving])
  void ticks.value
}

/** How far it is: of one's own upload, or as the host tells. */
function progressOf({ room, file, upload }: MovingProps): {
  readonly progress: Progress | undefined
  readonly isPaused: boolean
} {
  if (upload !== undefined) return { progress: upload.progress, isPaused: upload.state.value.status === 'paused' }
  const progress = room.files.progress(file.id)
  const known = room.files.of(file.id).value
  const isStill = progress !== undefined && progress.stillMs > pageDefaults.stillMs
  return { progress, isPaused: known?.status === 'paused' || isStill }
}

function MovingMeta({ room, file, by, upload }: MovingProps & { readonly by: Member }) {
  const { transfers, words } = usePage()
  const { say, language } = words.value
  const { progress, isPaused } = progressOf({ room, file, upload })
  useTicks(true)
  const arrived = progress?.done ?? room.files.of(file.id).value?.arrived ?? 0
  const isOwn = by.id === room.store.member.value.id
  const texts = movingTexts(arrived, file.size ?? progress?.total, isPaused ? undefined : progress, words.value)
  // Begun by this page before it was loaded again.
  if (isOwn && upload === undefined && (progress === undefined || isPaused))
    return (
      <div class="meta open">
        <span>{say('pausedByClosing')}</span>{' '}
        <PickButton
          look="quiet"
          label={`${say('chooseFile')}: ${file.name}`}
          isLabelled
          multiple={false}
          pick={(files) => transfers.send(room, files)}
        >
          {say('chooseFile')}
        </PickButton>
      </div>
    )
  return (
    <div class="meta">
      {isPaused && <span>{say('isPaused')}</span>}
      {texts.map((text) => (
        <span key={text.replace(/\d+/g, '')}>{text}</span>
      ))}
      {arrived === 0 && file.size !== undefined && <span>{sizeText(file.size, language)}</span>}
    </div>
  )
}

function Bar({ room, file, upload }: MovingProps) {
  const { progress } = progressOf({ room, file, upload })
  useTicks(true)
  const total = file.size ?? progress?.total
  if (total === undefined || total === 0) return null
  const done = progress?.done ?? room.files.of(file.id).value?.arrived ?? 0
  return <progress class="bar" value={done} max={total} aria-label={file.name} />
}
