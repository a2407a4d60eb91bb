import { forTerminal } from '#domain/names/text.ts'
import { type FullPageTranslator, type Language, type PageTranslator, translator } from '#i18n/translator.ts'

/** The messages of the page in one language; arguments have passed the escaper. Each language is a script of its own, which only its readers load. */
export async function pageTranslator(language: Language): Promise<PageTranslator> {
  return translator({ ...common(language), ...(await pageMessages(language)) })
}

/** The same with the messages of `views/more.tsx`. */
export async function fullPageTranslator(language: Language): Promise<FullPageTranslator> {
  const [{ messages, refusals }, more] = await Promise.all([pageMessages(language), moreMessages(language)])
  return translator({ ...common(language), messages: { ...messages, ...more }, refusals })
}

const common = (language: Language) => ({ language, shown: forTerminal, grouped: true })

async function pageMessages(language: Language) {
  if (language === 'en') return { messages: (await import('#i18n/page.en.ts')).pageEnglish, refusals: {} }
  const [{ pageIndonesian }, { indonesianRefusals }] = await Promise.all([
    import('#i18n/page.id.ts'),
    import('#i18n/errors.ts'),
  ])
  return { messages: pageIndonesian, refusals: indonesianRefusals }
}

const moreMessages = async (language: Language) =>
  language === 'en' ? (await import('#i18n/more.en.ts')).moreEnglish : (await import('#i18n/more.id.ts')).moreIndonesian

/** The language of the page: the one chosen before, or the first of the browser's that the page has. */
export function pageLanguage(chosen: string | undefined, languages: readonly string[]): Language {
  const asked = languages.find((tag) => /^(en|id)\b/i.test(tag)) ?? 'en'
  return (chosen ?? asked.slice(0, 2).toLowerCase()) === 'id' ? 'id' : 'en'
}
