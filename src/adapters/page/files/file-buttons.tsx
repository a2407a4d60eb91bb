import { useEffect, useRef } from 'preact/hooks'
import { usePage, useSay } from '../place/context.ts'
import type { Room } from '../place/room.ts'
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
  return (
    <div class="file-buttons">
      <button type="button" title={say('sendFiles')} onClick={() => files.current?.click()}>
        {say('fileButton')}
      </button>
      <input ref={files} type="file" multiple hidden aria-label={say('sendFiles')} onChange={choose} />
      {canPickFolders && (
        <>
          <button type="button" class="wide-only" title={say('sendFolder')} onClick={() => folder.current?.click()}>
            {say('folderButton')}
          </button>
          <input ref={folder} type="file" hidden aria-label={say('sendFolder')} onChange={choose} />
        </>
      )}
      <button
        type="button"
        title={say('sendText')}
        onClick={() => {
          desk.draft.value = ''
        }}
      >
        {say('textButton')}
      </button>
    </div>
  )
}

/** Phones have none. */
const canPickFolders =
  'webkitdirectory' in HTMLInputElement.prototype && !/Android|iPhone|iPad/.test(navigator.userAgent)
