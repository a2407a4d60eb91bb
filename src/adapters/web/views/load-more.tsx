import { type Signal, signal } from '@preact/signals'
import { createContext, type VNode } from 'preact'
import { useContext, useEffect } from 'preact/hooks'
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

/** Draws with these views, once they are there. Where the host does not give them the person is told. */
export function More({ children }: { readonly children: (views: Views) => VNode }): VNode | null {
  const page = usePage()
  const load = useLoadMore()
  const views = useContext(MoreContext).value
  useEffect(() => {
    if (views === undefined) load().catch(() => page.tell('notReached'))
  }, [])
  return views === undefined ? null : children(views)
}
