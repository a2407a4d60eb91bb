import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { isRefusal } from '#client/errors.ts'
import { forTerminal } from '#domain/names/text.ts'
import type { MentionedFile } from '#domain/room/events.ts'
import { usePage } from '../state/context.ts'
import type { Room } from '../state/room.ts'
import { plainLink } from './file-links.ts'

/** The text of a small file, as text: whatever it says, nothing of it runs (C97). */
export function TextPreview({ room, file }: { readonly room: Room; readonly file: MentionedFile }) {
  const { say, refusal } = usePage().words.value
  const shown = useSignal<string | undefined>(undefined)
  useEffect(() => {
    const load = async () => {
      const answer = await room.place.host.ask(plainLink(file))
      if (isRefusal(answer)) return say('previewFailed', { why: refusal(answer) })
      const bytes = await answer.arrayBuffer()
      try {
        return new TextDecoder('utf-8', { fatal: true }).decode(bytes).split('\n').map(forTerminal).join('\n')
      } catch {
        // Not UTF-8.
        return say('previewFailed', { why: say('notShowable') })
      }
    }
    void load().then((text) => {
      shown.value = text
    })
  }, [file.id])
  // One can scroll in it with the keyboard.
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached
    <section tabIndex={0} aria-label={`${say('textOfFile')}: ${file.name}`}>
      <pre>{shown.value ?? say('loading')}</pre>
    </section>
  )
}
