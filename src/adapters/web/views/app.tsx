import { useSignal, useSignalEffect } from '@preact/signals'
import { forTerminal } from '#domain/names/text.ts'
import { usePage } from '../state/context.ts'
import type { Page } from '../state/page.ts'
import { Arrival } from './arrival.tsx'
import { MoreContext } from './load-more.tsx'
import { RoomView } from './room-view.tsx'

export function App() {
  const page = usePage()
  const stage = page.stage.value
  useSignalEffect(() => {
    document.title = titleOf(page)
  })
  useSignalEffect(() => {
    const { dataset } = document.documentElement
    if (page.theme.value === 'system') delete dataset['theme']
    else dataset['theme'] = page.theme.value
    document.documentElement.classList.toggle('timeless', !page.showsTimes.value)
    document.documentElement.lang = page.language.value
  })
  const more = useSignal(undefined)
  return stage.status === 'inside' ? (
    <MoreContext.Provider value={more}>
      <RoomView key={stage.room.name} room={stage.room} />
    </MoreContext.Provider>
  ) : (
    <Arrival stage={stage} />
  )
}

/** `(3) lobby · tamtam`: the number of unread messages. */
function titleOf(page: Page): string {
  const stage = page.stage.value
  if (stage.status !== 'inside') return 'tamtam'
  const { count } = stage.room.unread.value
  return `${count > 0 ? `(${count}) ` : ''}${forTerminal(stage.room.name)} · tamtam`
}
