import type { english } from './en.ts'

/** A sentence with `{gaps}`; two where the number `{count}` decides on its form. */
export type Message = string | { readonly one: string; readonly other: string }

type English = typeof english
export type Key = keyof English

/** A catalogue in another language: the same keys, each with as many forms. */
export type MessageCatalog = {
  readonly [Each in Key]: English[Each] extends string ? string : { one: string; other: string }
}

type GapsIn<Text> = Text extends `${string}{${infer Gap}}${infer Rest}` ? Gap | GapsIn<Rest> : never
type FormsOf<Found> = Found extends { readonly one: infer One; readonly other: infer Other } ? One | Other : Found

/** A message with forms is told the number that decides, also where it does not say it. */
type GapOf<Found> = GapsIn<FormsOf<Found>> | (Found extends string ? never : 'count')

/** What a message has to be told: numbers where it counts, else text. */
export type Gaps<Each extends Key> = {
  readonly [Gap in GapOf<English[Each]>]: Gap extends 'count' ? number : string | number
}

/** The same as arguments: nothing for a message without gaps. */
export type Filling<Each extends Key> = keyof Gaps<Each> extends never ? [] : [gaps: Gaps<Each>]

/** What help says about one word. */
export type HelpKey = Extract<Key, `help${string}`>
