import { pageDefaults } from '../defaults.ts'
import { usePage, useSay } from '../state/context.ts'
import type { Room } from '../state/room.ts'
import { UploadRow } from './upload-row.tsx'

/** The files that leave from here, in whichever room one is; of many that wait only how many. */
export function UploadRows({ room }: { readonly room: Room }) {
  const say = useSay()
  const all = usePage().desk.uploads.all.value
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
