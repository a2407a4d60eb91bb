import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { forTerminal } from '#domain/names/text.ts'
import { usePage, useSay } from '../state/context.ts'
import type { Room } from '../state/room.ts'

/** How things stand with the host, where they do not stand well. */
export function RankBadge({ room }: { readonly room: Room }) {
  const page = usePage()
  const say = useSay()
  const state = room.place.state.value
  const left = useSecondsLeft(state.status === 'retrying' ? state.inMs : 0, state)
  return (
    <div class="standing" role="status">
      {state.status === 'retrying' && (
        <p>
          {left > 0 ? say('retryIn', { why: state.why, seconds: left }) : say('retryNow', { why: state.why })}{' '}
          {say('stillKept')}{' '}
          {left > 1 && (
            <button type="button" onClick={() => room.place.hurry()}>
              {say('tryAgain')}
            </button>
          )}
        </p>
      )}
      {state.status === 'closed' && (
        <p class="wrong">
          {say('placeEnded', {
            why:
              state.code === undefined
                ? forTerminal(state.why)
                : page.words.value.refusal({ code: state.code, message: state.why }),
          })}{' '}
          <button type="button" onClick={() => void page.come(page.name, room.name)}>
            {say('comeBack')}
          </button>
        </p>
      )}
    </div>
  )
}

/** Counts down from when `since` became another. */
function useSecondsLeft(ms: number, since: unknown): number {
  const left = useSignal(0)
  useEffect(() => {
    const due = performance.now() + ms
    const tell = () => {
      left.value = Math.max(0, Math.ceil((due - performance.now()) / 1000))
    }
    tell()
    if (ms === 0) return
    const timer = setInterval(tell, 250)
    return () => clearInterval(timer)
  }, [since])
  return left.value
}
