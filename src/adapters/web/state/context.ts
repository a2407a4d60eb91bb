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

/** The messages in the chosen language; their arguments have passed the escaper. */
export const useSay = (): PageTranslator['say'] => usePage().words.value.say
