import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { PageTranslator } from '#i18n/translator.ts'
import type { Page } from './page.ts'

export const PageContext = createContext<Page | undefined>(undefined)

export function usePage(): Page {
  const page = useContext(PageContext)
  if (page === undefined) throw new Error('a view stands outside the page')
  return page
}

/** The catalogue in the language that was chosen; what it fills in has passed the escaper. */
export const useSay = (): PageTranslator['say'] => usePage().words.value.say
