import { isRefusal } from '#client/errors.ts'
import { forTerminal } from '#domain/names/text.ts'
import type { Member } from '#domain/room/events.ts'
import { fileSizeText, titleOf } from '#i18n/format.ts'
import { eventText } from '#i18n/render-event.ts'
import { usePage } from '../state/context.ts'
import type { Room } from '../state/room.ts'
import type { FileEntry } from '../timeline/rows.ts'
import { More } from '../views/load-more.tsx'
import { openLink, plainLink, saveFrom } from './file-links.ts'
import type { FileState } from './room-files.ts'

interface CardProps {
  readonly room: Room
  readonly entry: FileEntry
}

/** A file where it stands in the timeline; `entry` is the last thing that happened to it. */
export function FileCard({ room, entry }: CardProps) {
  const known = room.files.of(entry.file.id).value
  const isGone = entry.type === 'fileWithdrawn' || known.status === 'gone'
  return isGone ? <Gone entry={entry} /> : <File room={room} entry={entry} known={known} />
}

function Gone({ entry }: { readonly entry: FileEntry }) {
  const words = usePage().words.value
  return (
    <div class="file gone">
      {entry.type === 'fileWithdrawn' && entry.removedBy !== undefined ? (
        <span class="fine">{eventText(entry, words)}</span>
      ) : (
        <>
          <s dir="auto">{forTerminal(titleOf(entry.file))}</s>{' '}
          <span class="fine">
            {entry.type === 'fileWithdrawn' && words.say('fileGoneBecause', { why: entry.reason })}
          </span>
        </>
      )}
    </div>
  )
}

function File({ room, entry, known }: CardProps & { readonly known: FileState }) {
  const { words } = usePage()
  const { say } = words.value
  const { file, by } = entry
  const whole = entry.type === 'fileCompleted' ? entry.file : undefined
  // Of a folder browsers save an archive that everybody can open.
  const ending = file.folder === undefined ? '' : '.zip'
  const saved = file.name + ending
  const save = async (event: Event) => {
    event.preventDefault()
    const link = await openLink(room.store.api, file.id)
    if (isRefusal(link)) room.notices.add(words.value.refusal(link), 'wrong')
    else saveFrom(link.url.replace(/(?=\?|$)/, ending), saved)
  }
  return (
    <div class="file">
      <div class="line">
        <a class="file-name" dir="auto" href={plainLink(file) + ending} download={saved} onClick={save}>
          {forTerminal(titleOf(file))}
        </a>
        {file.size !== undefined && <span class="fine">{fileSizeText({ ...file, size: file.size }, words.value)}</span>}
        {file.audience !== undefined && (
          <span class="fine">
            {say('onlyTo', { name: file.audience.to === 'staff' ? say('staff') : file.audience.to.name })}
          </span>
        )}
        {file.expiresAt !== undefined && (
          <span class="fine">
            <More>{({ Expiry }) => <Expiry at={file.expiresAt ?? 0} />}</More>
          </span>
        )}
        {whole === undefined ? (
          <Arriving room={room} entry={entry} known={known} />
        ) : (
          <>
            <Receipts room={room} file={file.id} by={by.name} />
            <More>
              {({ CheckSaved, FolderList }) =>
                whole.folder === undefined ? (
                  <CheckSaved room={room} file={whole} />
                ) : (
                  <FolderList room={room} file={whole} />
                )
              }
            </More>
          </>
        )}
      </div>
      {file.folder === undefined && (
        <More>{({ FilePreview }) => <FilePreview room={room} file={file} sha256={whole?.sha256} />}</More>
      )}
    </div>
  )
}

function Arriving({ room, entry: { by, file }, known }: CardProps & { readonly known: FileState }) {
  const { transfers, words } = usePage()
  const { say } = words.value
  const isLeaving = transfers.uploads.all.value.some((upload) => upload.begun.value === file.id)
  const standing = () => {
    if (isLeaving) return ''
    // Begun by this page before it was loaded again.
    if (by.id === room.store.member.value.id) return say('goesOnByPicking')
    if (known.status === 'paused') return say('interrupted')
    if (file.size === undefined || file.size === 0) return say('arriving')
    return say('arrivedSoFar', { percent: Math.floor((known.arrived / file.size) * 100) })
  }
  return <span class="fine">{standing()}</span>
}

export interface ReceiptsProps {
  readonly room: Room
  /** The file's id. */
  readonly file: string
  /** The sender, who needs no receipt. */
  readonly by: string
}

/** `12/14 verified`, and on demand the names on both sides. */
export function Receipts({ room, file, by }: ReceiptsProps) {
  const { say } = usePage().words.value
  const { verified, audience } = room.files.of(file).value
  const mayHave = ({ id, role }: Member) =>
    audience === undefined || (audience.to === 'staff' ? role !== undefined : audience.to.id === id)
  const others = room.store.members.value
    .filter(mayHave)
    .map(({ name }) => name)
    .filter((name) => name !== by)
  const missing = others.filter((name) => !verified.includes(name))
  const names = (all: readonly string[]) => (all.length === 0 ? say('nobodyYet') : all.join(', '))
  if (verified.length + missing.length === 0) return null
  return (
    <details class="receipts">
      <summary>{say('verifiedOf', { verified: verified.length, present: verified.length + missing.length })}</summary>
      <p>{say('whoVerified', { names: names(verified) })}</p>
      {missing.length > 0 && <p>{say('whoNot', { names: names(missing) })}</p>}
    </details>
  )
}
