import type { ComponentChild } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { usePage, useSay } from '../state/context.ts'
import type { Room } from '../state/room.ts'
import { FileIcon, FolderIcon, TextIcon } from '../views/icons.tsx'
import { picked } from './chosen.ts'

/** How files are chosen, beside the message field. */
export function FileButtons({ room }: { readonly room: Room }) {
  const say = useSay()
  const { desk } = usePage()
  const files = useRef<HTMLInputElement>(null)
  const folder = useRef<HTMLInputElement>(null)
  useEffect(() => folder.current?.setAttribute('webkitdirectory', ''), [])
  const choose = ({ currentTarget: input }: { readonly currentTarget: HTMLInputElement }) => {
    desk.send(room, picked(input.files ?? []))
    // The same may be chosen again.
    input.value = ''
  }
  const to = room.writing.to.value
  const sendFiles = to === undefined ? say('sendFiles') : say('sendFilesTo', { name: to })
  const write = () => {
    desk.draft.value = ''
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
    </div>
  )
}

/** Phones have none, though some say otherwise. */
const canPickFolders =
  'webkitdirectory' in HTMLInputElement.prototype && !/Android|iPhone|iPad/.test(navigator.userAgent)
