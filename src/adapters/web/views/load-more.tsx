import { useSignal } from '@preact/signals'
import type { VNode } from 'preact'
import { useEffect } from 'preact/hooks'
import { usePage } from '../state/context.ts'

type Views = typeof import('./more.tsx')

/** Views that the page loads when they are first used, with their messages: nothing until then. Where the host does not give them the person is told. */
export function More({ children }: { readonly children: (views: Views) => VNode }): VNode | null {
  const page = usePage()
  const loaded = useSignal<Views | undefined>(undefined)
  useEffect(() => {
    Promise.all([import('./more.tsx'), page.loadFullWords()]).then(
      ([views]) => {
        loaded.value = views
      },
      () => page.tell('notReached'),
    )
  }, [])
  return loaded.value === undefined ? null : children(loaded.value)
}
