import { useSignal, useSignalEffect } from '@preact/signals'
import type { ComponentChild } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { spanText } from '#i18n/format.ts'
import { pageDefaults } from '../defaults.ts'
import { usePage, useSay } from '../state/context.ts'
import type { Room } from '../state/room.ts'
import { ClockIcon, FileIcon, FolderIcon, TextIcon } from '../views/icons.tsx'
import { More } from '../views/load-more.tsx'
import { dropped, picked } from './chosen.ts'
import { UploadRows } from './upload-rows.tsx'

/** The running transfers, above the message field; also handles a drop anywhere on the page. */
export function FileTransfersView({ room }: { readonly room: Room }) {
  const { transfers } = usePage()
  const over = useSignal(false)
  useEffect(() => {
    const dragged = (event: DragEvent) => event.dataTransfer?.types.includes('Files') === true
    const drag = (event: DragEvent) => {
      if (!dragged(event)) return
      event.preventDefault()
      over.value = true
    }
    const leave = (event: DragEvent) => {
      // Leaving an element for another inside the window has one to go to.
      if (event.relatedTarget === null) over.value = false
    }
    const drop = (event: DragEvent) => {
      over.value = false
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
      <UploadRows room={room} />
      {over.value && <DropOverlay room={room} />}
      {text !== undefined && <More>{({ TextDialog }) => <TextDialog room={room} text={text} />}</More>}
      <p class="unseen" role="status">
        {transfers.news.value}
      </p>
    </>
  )
}

/** Over the whole window while files are dragged in. It says which room they would go to, or which person. */
function DropOverlay({ room }: { readonly room: Room }) {
  const say = useSay()
  const to = room.writing.to.value
  return (
    <div class="drop-overlay">
      <p>{to === undefined ? say('dropHere', { room: room.name }) : say('dropFor', { name: to })}</p>
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
  const write = () => {
    transfers.draft.value = ''
  }
  const button = (what: string, icon: ComponentChild, act: () => void) => (
    <button type="button" class="plain" aria-label={what} title={what} onClick={act}>
      {icon}
    </button>
  )
  return (
    <div class="file-buttons">
      {button(sendFiles, <FileIcon />, () => files.current?.click())}
      <input ref={files} type="file" multiple hidden aria-label={sendFiles} onChange={choose} />
      {canPickFolders && button(say('sendFolder'), <FolderIcon />, () => folder.current?.click())}
      <input ref={folder} type="file" hidden aria-label={say('sendFolder')} onChange={choose} />
      {button(say('sendText'), <TextIcon />, write)}
      <button
        type="button"
        class={seconds === undefined ? 'plain' : 'plain chosen'}
        aria-label={fileStay}
        title={fileStay}
        aria-haspopup="dialog"
        onClick={() => room.show({ type: 'expiry' })}
      >
        <ClockIcon />
      </button>
    </div>
  )
}

/** Phones have none, though some say otherwise. */
const canPickFolders =
  'webkitdirectory' in HTMLInputElement.prototype && !/Android|iPhone|iPad/.test(navigator.userAgent)
