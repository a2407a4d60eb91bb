import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { FullPageTranslator, PageTranslator } from '#i18n/translator.ts'
import type { Page } from './page.ts'

export const PageContext = createContext<Page | undefined>(undefined)

export function usePage(): Page {
  const page = useContext(PageContext)
  if (page === undefined) throw new Error('a view stands outside the page')
  return page
}

/** The messages in the chosen language; their arguments have passed the escaper. */
export const useSay = (): PageTranslator['say'] => usePage().words.value.say

/** The same with those of `views/more.tsx`, in views that are loaded with them. */
export function useFullWords(): FullPageTranslator {
  const words = usePage().fullWords.value
  if (words === undefined) throw new Error('a view stands where its messages are not loaded')
  return words
}
