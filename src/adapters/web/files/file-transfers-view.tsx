import { useSignal, useSignalEffect } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { spanText } from '#i18n/format.ts'
import { pageDefaults } from '../defaults.ts'
import { usePage, useSay } from '../state/context.ts'
import type { Room } from '../state/room.ts'
import { Icon } from '../views/icons.tsx'
import { More } from '../views/load-more.tsx'
import { Item, Menu } from '../views/menu.tsx'
import { dropped, picked } from './chosen.ts'

/** Takes what is dropped anywhere on the page, and pasted; tells of the ends of uploads. */
export function FileTransfersView({ room }: { readonly room: Room }) {
  const { transfers, words } = usePage()
  const over = useSignal<number | undefined>(undefined)
  useEffect(() => {
    const dragged = (event: DragEvent) => event.dataTransfer?.types.includes('Files') === true
    const drag = (event: DragEvent) => {
      if (!dragged(event)) return
      event.preventDefault()
      over.value = event.dataTransfer?.items.length
    }
    const leave = (event: DragEvent) => {
      // Leaving an element for another inside the window has one to go to.
      if (event.relatedTarget === null) over.value = undefined
    }
    const drop = (event: DragEvent) => {
      over.value = undefined
      if (event.dataTransfer === null || !dragged(event)) return
      event.preventDefault()
      transfers.send(room, dropped(event.dataTransfer))
    }
    const paste = (event: ClipboardEvent) => {
      const { clipboardData: data } = event
      const text = data?.getData('text/plain') ?? ''
      if (data !== null && data.files.length > 0) transfers.send(room, picked(Array.from(data.files)))
      else if (text.length > pageDefaults.longPasteBytes && transfers.draft.peek() === undefined)
        transfers.draft.value = text
      else return
      event.preventDefault()
    }
    const warn = (event: BeforeUnloadEvent) => {
      if (transfers.uploads.busy) event.preventDefault()
    }
    transfers.onEnd(({ name, state }) => {
      const { say, refusal } = words.peek()
      const end = state.peek()
      if (end.status === 'failed') transfers.tell(say('wasNotSent', { file: name, why: refusal(end.why) }))
      if (end.status !== 'whole') return
      if (end.already) room.notices.add(say('isHereAlready', { file: name }))
      else transfers.tell(say('wasSent', { file: name }))
    })
    const heard = { dragenter: drag, dragover: drag, dragleave: leave, drop, paste, beforeunload: warn }
    for (const [type, listener] of Object.entries(heard)) addEventListener(type, listener as EventListener)
    return () => {
      for (const [type, listener] of Object.entries(heard)) removeEventListener(type, listener as EventListener)
    }
  }, [room])
  useSignalEffect(() => {
    if (room.store.state.value.status === 'connected') transfers.uploads.hurry()
  })
  const text = transfers.draft.value
  return (
    <>
      {over.value !== undefined && <DropOverlay room={room} count={over.value} />}
      {text !== undefined && <More>{({ TextDialog }) => <TextDialog room={room} text={text} />}</More>}
      <p class="unseen" role="status">
        {transfers.news.value}
      </p>
    </>
  )
}

/** While files are dragged in. It says which room they would go to, or which person. */
function DropOverlay({ room, count }: { readonly room: Room; readonly count: number }) {
  const say = useSay()
  const to = room.writing.to.value
  return (
    <div class="drop-overlay">
      <Icon of="upload" />
      <p>{to === undefined ? say('dropHere', { room: room.name }) : say('dropFor', { name: to })}</p>
      {count > 0 && <p class="fine">{say('fileCount', { count })}</p>}
    </div>
  )
}

/** How files are chosen, beside the message field. */
export function FileButtons({ room }: { readonly room: Room }) {
  const { transfers, words } = usePage()
  const { say, language } = words.value
  const files = useRef<HTMLInputElement>(null)
  const folder = useRef<HTMLInputElement>(null)
  useEffect(() => folder.current?.setAttribute('webkitdirectory', ''), [])
  const choose = ({ currentTarget: input }: { readonly currentTarget: HTMLInputElement }) => {
    transfers.send(room, picked(Array.from(input.files ?? [])))
    // The same may be chosen again.
    input.value = ''
  }
  const to = room.writing.to.value
  const sendFiles = to === undefined ? say('sendFiles') : say('sendFilesTo', { name: to })
  const seconds = transfers.expiresInSeconds.value
  const fileStay = seconds === undefined ? say('fileStay') : `${say('fileStay')}: ${spanText(seconds, language)}`
  return (
    <div class="file-buttons">
      <Menu label={say('attach')} button={<Icon of="plus" />}>
        {() => (
          <>
            <Item icon="file" act={() => files.current?.click()}>
              {sendFiles}
            </Item>
            {canPickFolders && (
              <Item icon="folder" act={() => folder.current?.click()}>
                {say('sendFolder')}
              </Item>
            )}
            <Item
              icon="text"
              act={() => {
                transfers.draft.value = ''
              }}
            >
              {say('sendText')}
            </Item>
            <Item icon="clock" act={() => room.show({ type: 'expiry' })}>
              {fileStay}
            </Item>
          </>
        )}
      </Menu>
      <input ref={files} id="files" type="file" multiple hidden aria-label={sendFiles} onChange={choose} />
      <input ref={folder} type="file" hidden aria-label={say('sendFolder')} onChange={choose} />
    </div>
  )
}

/** Phones have none, though some say otherwise. */
const canPickFolders =
  'webkitdirectory' in HTMLInputElement.prototype && !/Android|iPhone|iPad/.test(navigator.userAgent)
