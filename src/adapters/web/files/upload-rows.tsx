import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { Refusal } from '#client/errors.ts'
import { forTerminal } from '#domain/names/text.ts'
import { amountText, rateTexts, sizeText } from '#i18n/format.ts'
import { eventText } from '#i18n/render-event.ts'
import { pageDefaults } from '../defaults.ts'
import { usePage, useSay } from '../state/context.ts'
import type { Room } from '../state/room.ts'
import { Receipts } from './file-card.tsx'
import type { Upload } from './uploads.ts'

/** The files that leave from here, in whichever room one is; of many that wait only how many. */
export function UploadRows({ room }: { readonly room: Room }) {
  const say = useSay()
  const all = usePage().transfers.uploads.all.value
  if (all.length === 0) return null
  const waiting = all.filter(({ state }) => state.value.status === 'waiting')
  const hidden = new Set(waiting.slice(pageDefaults.waitingShown))
  return (
    <section class="uploads" aria-label={say('onTheirWay')}>
      <ul>{all.map((upload) => hidden.has(upload) || <UploadRow key={upload.key} room={room} upload={upload} />)}</ul>
      {hidden.size > 0 && <p>{say('moreWait', { count: hidden.size })}</p>}
    </section>
  )
}

/** One upload from this page: its progress, its rate, and its actions. */
function UploadRow({ room, upload }: { readonly room: Room; readonly upload: Upload }) {
  const { transfers, words } = usePage()
  const { say, language } = words.value
  const state = upload.state.value
  const name = forTerminal(upload.name)
  const tick = useSignal(0)
  useEffect(() => {
    if (state.status !== 'moving') return
    const timer = setInterval(() => tick.value++, pageDefaults.progressEveryMs)
    return () => clearInterval(timer)
  }, [state.status])
  useEffect(() => {
    if (state.status === 'whole') transfers.tell(say('wasSent', { file: upload.name }))
    if (state.status === 'failed') transfers.tell(say('wasNotSent', { file: upload.name, why: whyText(state.why) }))
  }, [state])
  const whyText = (why: Refusal) => (why.code === 'FILE_CHANGED' ? say('fileChanged') : words.value.refusal(why))
  // Read for the row to be drawn again.
  void tick.value
  const progress = upload.progress
  const { done, total = 0 } = progress
  const percent = total === 0 ? 100 : Math.floor((done / total) * 100)
  const act = (what: string, run: () => void) => (
    <button type="button" aria-label={`${what}: ${upload.name}`} onClick={run}>
      {what}
    </button>
  )
  return (
    <li class={`upload ${state.status}`}>
      <span class="name" dir="auto">
        {name}
      </span>
      {upload.to !== undefined && <span class="fine">{say('onlyTo', { name: upload.to })}</span>}
      {upload.room !== room.name && <span class="fine">{say('to', { room: upload.room })}</span>}
      {state.status === 'whole' ? (
        <span class="fine">
          {sizeText(total, language)} {say('isThere')}
        </span>
      ) : (
        <progress value={done} max={Math.max(1, total)} aria-label={name} />
      )}
      <span class="fine figures">
        {state.status === 'waiting' && say('waitsItsTurn')}
        {state.status === 'paused' && `${percent} % · ${say('isPaused')}`}
        {state.status === 'moving' &&
          [`${percent} %`, amountText(done, total, language), ...rateTexts(progress, words.value)].join(' · ')}
        {state.status === 'removed' && eventText(state.event, words.value)}
        {state.status === 'failed' && say('wasNotSent', { file: upload.name, why: whyText(state.why) })}
        {state.status === 'whole' && upload.begun.value !== undefined && upload.room === room.name && (
          <Receipts room={room} file={upload.begun.value} by={room.store.member.value.name} />
        )}
      </span>
      <span class="controls">
        {state.status === 'moving' && act(say('pause'), () => transfers.uploads.pause(upload))}
        {state.status === 'paused' && act(say('resume'), () => transfers.uploads.resume(upload))}
        {state.status === 'failed' && act(say('tryAgain'), () => transfers.uploads.resume(upload))}
        {act(state.status === 'whole' || state.status === 'removed' ? say('dismiss') : say('cancelTransfer'), () =>
          transfers.uploads.remove(upload),
        )}
      </span>
    </li>
  )
}
