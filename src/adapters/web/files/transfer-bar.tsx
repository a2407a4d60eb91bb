import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { isRefusal, type Refusal } from '#client/errors.ts'
import { pageDefaults } from '../defaults.ts'
import { useFullWords, usePage } from '../state/context.ts'
import { IconButton } from '../views/menu.tsx'
import { movingTexts } from './file-parts.tsx'

/** One line for all that is sent from here, in whichever room one is, and one for each file that could not be sent; nothing where all is done. */
export function TransferBar() {
  const { uploads } = usePage().transfers
  const words = useFullWords()
  const { say, refusal } = words
  const all = uploads.all.value
  const statuses = all.map(({ state }) => state.value.status)
  const isMoving = statuses.some((status) => status === 'moving' || status === 'waiting')
  const ticks = useSignal(0)
  useEffect(() => {
    if (!isMoving) return
    const timer = setInterval(() => ticks.value++, pageDefaults.progressEveryMs)
    const lock = keepAwake()
    return () => {
      clearInterval(timer)
      lock()
    }
  }, [isMoving])
  void ticks.value
  const why = (each: Refusal) => (each.code === 'FILE_CHANGED' ? say('fileChanged') : refusal(each))
  const failed = all.flatMap((upload) => {
    const state = upload.state.value
    return state.status === 'failed' && isRefusal(state.why) ? [{ upload, why: state.why }] : []
  })
  const isOpen = isMoving || statuses.includes('paused')
  if (!isOpen && failed.length === 0) return null
  const progress = uploads.progress
  const { files, sent, done, total, waiting } = progress
  const texts = [
    ...(isMoving ? movingTexts(done, total, progress, words) : [say('isPaused')]),
    ...(waiting > 0 ? [say('waitingFiles', { count: waiting })] : []),
  ]
  return (
    <section class="transfers" aria-label={say('onTheirWay')}>
      {isOpen && (
        <div class="transfer-bar">
          <span>{say('sendingOf', { nr: Math.min(files, sent + 1), count: files })}</span>
          <progress class="bar" value={done} max={Math.max(1, total ?? 1)} aria-label={say('onTheirWay')} />
          <span class="figures">{texts.join(' · ')}</span>
          {isMoving ? (
            <IconButton icon="pause" label={say('pauseAll')} act={() => uploads.pauseAll()} />
          ) : (
            <IconButton icon="play" label={say('resumeAll')} act={() => uploads.resumeAll()} />
          )}
          <IconButton icon="close" label={say('cancelAll')} act={() => uploads.cancelAll()} />
        </div>
      )}
      {failed.map(({ upload, why: each }) => (
        <div key={upload.key} class="transfer-bar wrong">
          <span>{say('wasNotSent', { file: upload.name, why: why(each) })}</span>
          <button
            type="button"
            aria-label={`${say('tryAgain')}: ${upload.name}`}
            onClick={() => uploads.resume(upload)}
          >
            {say('tryAgain')}
          </button>
          <IconButton icon="close" label={`${say('hideIt')}: ${upload.name}`} act={() => uploads.remove(upload)} />
        </div>
      ))}
    </section>
  )
}

/** A phone that goes to sleep sends nothing more. The returned function lets it. */
function keepAwake(): () => void {
  const held = navigator.wakeLock?.request('screen').catch(() => undefined)
  return () => void held?.then((lock) => lock?.release())
}
