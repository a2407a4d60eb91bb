import { usePage, useSay } from '../state/context.ts'
import type { Room } from '../state/room.ts'
import { Dialog } from '../views/dialog.tsx'
import { textFile } from './chosen.ts'

/** For text that is too long to be said: it becomes a file. */
export function TextDialog({ room, text }: { readonly room: Room; readonly text: string }) {
  const say = useSay()
  const { desk } = usePage()
  const close = () => {
    desk.draft.value = undefined
  }
  const submit = (event: Event) => {
    event.preventDefault()
    const said = new FormData(event.currentTarget as HTMLFormElement)
    const [written, name] = [String(said.get('text') ?? ''), String(said.get('name') ?? '').trim()]
    if (written !== '') desk.send(room, [textFile(written, name === '' ? say('nameOfText') : name)])
    close()
  }
  return (
    <Dialog title={say('sendText')} closed={close}>
      <form class="text-file" onSubmit={submit}>
        <label>
          {say('textOfFile')}
          <textarea name="text" rows={12} autofocus defaultValue={text} />
        </label>
        <label>
          {say('nameOfFile')}
          <input name="name" autocomplete="off" spellcheck={false} placeholder={`${say('nameOfText')}.txt`} />
        </label>
        <button type="submit" class="primary">
          {say('send')}
        </button>
      </form>
    </Dialog>
  )
}
