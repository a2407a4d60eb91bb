import { type Signal, signal } from '@preact/signals'
import { createContext, type VNode } from 'preact'
import { useContext, useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import { usePage } from '../state/context.ts'

type Views = typeof import('./more.tsx')

/** The views that the page loads when they are first used; undefined until then. */
export const MoreContext = createContext<Signal<Views | undefined>>(signal(undefined))

/** Loads them, with their messages. Rejects where the host does not give them. */
export function useLoadMore(): () => Promise<void> {
  const page = usePage()
  const views = useContext(MoreContext)
  return async () => {
    const [loaded] = await Promise.all([import('./more.tsx'), page.loadFullWords()])
    views.value = loaded
  }
}

interface MoreProps {
  readonly children: (views: Views) => VNode
}

/** Draws with these views, once they are there. Where the host does not give them the person is told. */
export function More({ children }: MoreProps): VNode | null {
  const page = usePage()
  const load = useLoadMore()
  const views = useContext(MoreContext).value
  useEffect(() => {
    if (views === undefined) load().catch(() => page.tell('notReached'))
  }, [])
  return views === undefined ? null : children(views)
}

/** The same for a dialog: keys that are pressed before it is there are meant for its first field. */
export function MoreDialog({ children }: MoreProps): VNode {
  const early = useRef<string[]>([])
  const isLoaded = useContext(MoreContext).value !== undefined
  useLayoutEffect(() => {
    if (isLoaded) return
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !(event.key.length === 1 || event.key === 'Enter')) return
      event.preventDefault()
      early.current.push(event.key)
    }
    addEventListener('keydown', press, true)
    return () => removeEventListener('keydown', press, true)
  }, [isLoaded])
  useEffect(() => {
    const typed = early.current.splice(0)
    if (isLoaded && typed.length > 0) setTimeout(() => type(typed))
  }, [isLoaded])
  return <More>{children}</More>
}

function type(keys: readonly string[]): void {
  const field = document.activeElement
  if (!(field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement)) return
  for (const key of keys) {
    if (key === 'Enter') field.form?.requestSubmit()
    else {
      field.setRangeText(key, field.selectionStart ?? 0, field.selectionEnd ?? 0, 'end')
      field.dispatchEvent(new Event('input', { bubbles: true }))
    }
  }
}
