import { useSignal } from '@preact/signals'
import { useRef } from 'preact/hooks'
import type { WholeFile } from '#domain/room/events.ts'
import { usePage } from '../state/context.ts'
import type { Room } from '../state/room.ts'
import { digestOf, Unreadable } from './digest.ts'

/** Whoever has saved a file shows it, and the room hears that it is exact. */
export function CheckSaved({ room, file }: { readonly room: Room; readonly file: WholeFile }) {
  const { say } = usePage().words.value
  const state = useSignal<'idle' | 'checking' | 'exact' | 'other' | 'unreadable'>('idle')
  const input = useRef<HTMLInputElement>(null)
  const check = async ({ currentTarget: chosen }: { readonly currentTarget: HTMLInputElement }) => {
    const [saved] = chosen.files ?? []
    chosen.value = ''
    if (saved === undefined) return
    state.value = 'checking'
    // What has another size has another digest.
    const found = saved.size === file.size ? await digestOf(saved).catch(toUnreadable) : ''
    state.value = found === undefined ? 'unreadable' : found === file.sha256 ? 'exact' : 'other'
    if (state.value === 'exact') room.place.post({ type: 'receiveFile', file: file.id })
  }
  return (
    <span class="check">
      <button
        type="button"
        class="quiet"
        aria-label={`${say('checkSaved')}: ${file.name}`}
        onClick={() => input.current?.click()}
      >
        {say('checkSaved')}
      </button>
      <input ref={input} type="file" hidden aria-label={`${say('checkSaved')}: ${file.name}`} onChange={check} />
      <span role="status" class={`fine ${state.value}`}>
        {state.value === 'checking' && say('checking')}
        {state.value === 'exact' && say('isExact', { file: file.name })}
        {state.value === 'other' && say('isOther', { file: file.name })}
        {state.value === 'unreadable' && say('fileChanged')}
      </span>
    </span>
  )
}

function toUnreadable(error: unknown): undefined {
  if (error instanceof Unreadable) return undefined
  throw error
}
