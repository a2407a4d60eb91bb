import { lazily } from '#domain/names/lazily.ts'
import { sizeText } from '#domain/names/text.ts'
import type { english } from './en.ts'
import type { moreEnglish } from './more.en.ts'
import type { pageEnglish } from './page.en.ts'

export const languages = ['en', 'id'] as const
export type Language = (typeof languages)[number]

/** A sentence with `{gaps}`; two where the number `{count}` decides on its form. */
export type Message = string | { readonly one: string; readonly other: string }

type English = typeof english
export type Key = keyof English
/** The messages that the page has. */
export type PageKey = keyof typeof pageEnglish

/** Those that it loads when they are first used. */
export type MoreKey = keyof typeof moreEnglish

/** Messages in another language: the same keys, each with as many forms. */
type Translated<Keys extends Key> = {
  readonly [Each in Keys]: English[Each] extends string ? string : { one: string; other: string }
}
export type MessageCatalog = Translated<Key>
export type PageCatalog = Translated<PageKey>
export type MoreCatalog = Translated<MoreKey>

type GapsIn<Text> = Text extends `${string}{${infer Gap}}${infer Rest}` ? Gap | GapsIn<Rest> : never
type FormsOf<Found> = Found extends { readonly one: infer One; readonly other: infer Other } ? One | Other : Found

/** A message with forms is told the number that decides, also where it does not say it. */
type GapOf<Found> = GapsIn<FormsOf<Found>> | (Found extends string ? never : 'count')

/** A message's arguments: numbers where it counts, else text. */
export type Gaps<Each extends Key> = {
  readonly [Gap in GapOf<English[Each]>]: Gap extends 'count' ? number : string | number
}

/** The same as arguments: nothing for a message without gaps. */
export type Filling<Each extends Key> = keyof Gaps<Each> extends never ? [] : [gaps: Gaps<Each>]

/** Says one message; messages without gaps need nothing more. */
export type Say<Keys extends Key = Key> = <Each extends Keys>(key: Each, ...gaps: Filling<Each>) => string

/** A refusal as it is told to people. */
export interface ToldRefusal {
  readonly code: string
  readonly message: string
  readonly limit?: { readonly of: string; readonly bytes: number; readonly shareOf?: string }
}

/** Messages in one language: all of them, or those that the page has. */
export interface Translator<Keys extends Key = Key> {
  readonly language: Language
  readonly say: Say<Keys>
  /** The text of a refusal: the host's message, where its code has no text here. */
  refusal(why: ToldRefusal): string
}
export type PageTranslator = Translator<PageKey>
/** The page's once it has loaded the rest. */
export type FullPageTranslator = Translator<PageKey | MoreKey>

export interface TranslatorParts<Keys extends Key> {
  readonly language: Language
  readonly messages: Readonly<Record<Keys, Message>>
  /** By the code of the refusal, and by `CODE.of` where it is a limit of bytes; `{details}` is the host's message, `{size}` the limit. */
  readonly refusals: Readonly<Record<string, string>>
  /** Every text that is filled in goes through it: it may be somebody else's. */
  readonly shown: (text: string) => string
  /** `1,234` or `1.234`; without it `1234`. */
  readonly grouped: boolean
}

export function translator<Keys extends Key>(parts: TranslatorParts<Keys>): Translator<Keys> {
  const { language, refusals, shown } = parts
  const messages: Readonly<Record<string, Message>> = parts.messages
  const plural = lazily(() => new Intl.PluralRules(language))
  const number = lazily(() => new Intl.NumberFormat(language, { useGrouping: parts.grouped }))
  const say: Say<Keys> = (key, ...[gaps]) => {
    const given: Readonly<Record<string, string | number>> = gaps ?? {}
    const message = messages[key] ?? ''
    const form = typeof message !== 'string' && plural().select(Number(given['count'])) === 'one' ? 'one' : 'other'
    const text = typeof message === 'string' ? message : message[form]
    return text.replace(/\{(\w+)\}/g, (_, gap: string) => {
      const value = given[gap] ?? ''
      return typeof value === 'number' ? number().format(value) : shown(value)
    })
  }
  const size = lazily(() => new Intl.NumberFormat(language, { maximumFractionDigits: 1 }))
  const known = (key: string): string | undefined => (Object.hasOwn(refusals, key) ? refusals[key] : undefined)
  const refusal: Translator['refusal'] = ({ code, message, limit }) => {
    const ofLimit = limit && limit.bytes > 0 ? known(`${code}.${limit.shareOf ?? limit.of}`) : undefined
    return (ofLimit ?? known(code) ?? '{details}')
      .replace('{size}', () => sizeText(limit?.bytes ?? 0, size()))
      .replace('{details}', () => shown(message))
  }
  return { language, say, refusal }
}
