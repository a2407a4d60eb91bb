import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { FileChanged, isRefusal, type Refusal } from '#client/errors.ts'
import { forTerminal } from '#domain/names/text.ts'
import type { MentionedFile } from '#domain/room/events.ts'
import { titleOf } from '#i18n/format.ts'
import type { FullPageTranslator } from '#i18n/translator.ts'
import { copied, home } from '../browser/platform.ts'
import { useFullWords } from '../state/context.ts'
import type { Room } from '../state/room.ts'
import { Dialog } from '../views/dialog.tsx'
import { Item } from '../views/menu.tsx'
import { CopyLine, QrCode } from '../views/share-sheet.tsx'
import { digestOf } from './digest.ts'
import { openLink, plainLink } from './file-links.ts'
import { receiversOf } from './file-parts.tsx'
import type { KnownFile } from './room-files.ts'

interface FileProps {
  readonly room: Room
  readonly file: KnownFile
}

/** What can be done with a file beside saving it. */
export function FileActions({ room, file }: FileProps) {
  const words = useFullWords()
  const { say } = words
  const state = room.files.of(file.id).value
  const name = titleOf(file)
  const label = (what: string) => `${what}: ${name}`
  return (
    <>
      <Item icon="copy" label={label(say('copyLink'))} act={() => void copyLink(room, file, words)}>
        {say('copyLink')}
      </Item>
      <Item icon="share" label={label(say('linkAsCode'))} act={() => room.show({ type: 'fileLink', file: file.id })}>
        {say('linkAsCode')}
      </Item>
      {state?.status === 'whole' && (
        <Item icon="people" label={label(say('whoHasIt'))} act={() => room.show({ type: 'receivers', file: file.id })}>
          {say('whoHasIt')}
        </Item>
      )}
      {state !== undefined && room.mayRemove(state.by) && (
        <Item
          icon="remove"
          class="grave"
          label={label(say('remove'))}
          act={() => room.show({ type: 'remove', command: { type: 'removeFile', file: file.id }, name: file.name })}
        >
          {say('remove')}
        </Item>
      )}
    </>
  )
}

/** Puts a file's address on the clipboard; where the browser does not allow that, it is shown. */
export async function copyLink(room: Room, file: MentionedFile, { say, refusal }: FullPageTranslator): Promise<void> {
  const link = await linkTo(room, file)
  if (typeof link !== 'string') room.notices.add(refusal(link), 'wrong')
  else if (copied(link)) room.notices.add(say('copied'))
  else room.show({ type: 'fileLink', file: file.id })
}

/** An address that opens the file for others: signed where the file, or the host, is not open to everybody. */
async function linkTo({ store, isOpen }: Room, file: MentionedFile): Promise<string | Refusal> {
  if (isOpen && file.audience === undefined) return home() + plainLink(file).slice(1)
  const link = await openLink(store.api, file.id)
  return isRefusal(link) ? link : location.origin + link.url
}

interface FileDialogProps {
  readonly room: Room
  readonly id: string
  readonly closed: () => void
}

/** A file's address as a code for phones. */
export function FileLinkDialog({ room, id, closed }: FileDialogProps) {
  const { say, refusal } = useFullWords()
  const link = useSignal<string | Refusal | undefined>(undefined)
  const file = room.files.of(id).value?.file
  useEffect(() => {
    if (file === undefined) return
    void linkTo(room, file).then((found) => {
      link.value = found
    })
  }, [id])
  const now = link.value
  return (
    <Dialog title={file === undefined ? say('files') : forTerminal(titleOf(file))} closed={closed}>
      {now !== undefined && typeof now !== 'string' && <p class="wrong">{refusal(now)}</p>}
      {typeof now === 'string' && (
        <div class="share">
          <QrCode text={now} />
          <div class="ways">
            <CopyLine text={now} />
          </div>
        </div>
      )}
    </Dialog>
  )
}

/** Who has a file, who has not, and whether one's own copy is the same. */
export function ReceiversDialog({ room, id, closed }: FileDialogProps) {
  const { say } = useFullWords()
  const state = room.files.of(id).value
  if (state === undefined) return null
  const { file, by } = state
  const { have, checked, missing, away } = receiversOf(room, file, by)
  const lists = [
    ['whoHas', have],
    ['whoChecked', checked],
    ['whoHasAway', away],
    ['whoNot', missing],
  ] as const
  return (
    <Dialog title={forTerminal(titleOf(file))} closed={closed}>
      <dl class="who-has">
        {lists.map(
          ([title, names]) =>
            (names.length > 0 || title === 'whoHas') && (
              <div key={title}>
                <dt>{say(title)}</dt>
                <dd>{names.length === 0 ? say('nobodyYet') : names.map(forTerminal).join(', ')}</dd>
              </div>
            ),
        )}
      </dl>
      {file.folder === undefined && file.sha256 !== undefined && <CompareCopy room={room} file={file} />}
    </Dialog>
  )
}

/** Compares a saved copy with the file; a match is a receipt in the room. */
function CompareCopy({ room, file }: FileProps) {
  const { say } = useFullWords()
  const state = useSignal<'idle' | 'checking' | 'exact' | 'other' | 'unreadable'>('idle')
  const input = useRef<HTMLInputElement>(null)
  const check = async ({ currentTarget: chosen }: { readonly currentTarget: HTMLInputElement }) => {
    const [saved] = chosen.files ?? []
    chosen.value = ''
    if (saved === undefined) return
    state.value = 'checking'
    // Another size means another digest.
    const found = saved.size === file.size ? await digestOf(saved).catch(toFileChanged) : ''
    state.value = found === undefined ? 'unreadable' : found === file.sha256 ? 'exact' : 'other'
    if (state.value === 'exact') room.store.post({ type: 'receiveFile', file: file.id })
  }
  return (
    <section class="check">
      <p class="fine">{say('compareLead')}</p>
      <div class="choices">
        <button type="button" onClick={() => input.current?.click()}>
          {say('compareCopy')}
        </button>
      </div>
      <input ref={input} type="file" hidden aria-label={`${say('compareCopy')}: ${file.name}`} onChange={check} />
      <p role="status" class={state.value}>
        {state.value === 'checking' && say('checking')}
        {state.value === 'exact' && say('isExact')}
        {state.value === 'other' && say('isOther', { file: file.name })}
        {state.value === 'unreadable' && say('fileChanged')}
      </p>
    </section>
  )
}

function toFileChanged(error: unknown): undefined {
  if (error instanceof FileChanged) return undefined
  throw error
}
