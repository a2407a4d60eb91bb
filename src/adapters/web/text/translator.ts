import { forTerminal } from '#domain/names/text.ts'
import { type Language, type PageTranslator, translator } from '#i18n/translator.ts'

/** The messages of the page in one language; arguments have passed the escaper. Each language is a script of its own, which only its readers load. */
export async function pageTranslator(language: Language): Promise<PageTranslator> {
  const common = { language, shown: forTerminal, grouped: true }
  if (language === 'en') {
    const { pageEnglish } = await import('#i18n/page.en.ts')
    return translator({ ...common, messages: pageEnglish, refusals: {} })
  }
  const [{ pageIndonesian }, { indonesianRefusals }] = await Promise.all([
    import('#i18n/page.id.ts'),
    import('#i18n/errors.ts'),
  ])
  return translator({ ...common, messages: pageIndonesian, refusals: indonesianRefusals })
}

/** The language of the page: the one chosen before, or the first of the browser's that the page has. */
export function pageLanguage(chosen: string | undefined, languages: readonly string[]): Language {
  const asked = languages.find((tag) => /^(en|id)\b/i.test(tag)) ?? 'en'
  return (chosen ?? asked.slice(0, 2).toLowerCase()) === 'id' ? 'id' : 'en'
}
