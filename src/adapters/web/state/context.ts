import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { Say } from '#i18n/i18n.ts'
import type { Page } from './page.ts'

export const PageContext = createContext<Page | undefined>(undefined)

export function usePage(): Page {
  const page = useContext(PageContext)
  if (page === undefined) throw new Error('a view stands outside the page')
  return page
}

/** The catalogue in the language that was chosen; what it fills in has passed the escaper. */
export const useSay = (): Say => usePage().words.value.say
