import { type Entry, isRule } from '#domain/room/events.ts'

/** A letter, digit or private character, and the marks that belong to it (vowel signs, for one). */
const WORD = /[\p{L}\p{N}\p{Co}][\p{L}\p{N}\p{Co}\p{M}]*/gu
/** Accents on Latin, Greek and Cyrillic letters; marks that make another letter in other scripts stay. */
const ACCENT = /[\u0300-\u036f]/g
const PLAIN = /^[\0-\x7f]*$/

/** The units of search: the words of a text without case and accents. Every store uses this, so all find the same. */
export const searchWords = (text: string): string[] => {
  const lower = text.toLowerCase()
  return (PLAIN.test(lower) ? lower : lower.normalize('NFD').replace(ACCENT, '').normalize('NFC')).match(WORD) ?? []
}

/** Whether an entry has every one of these words (`searchWords` of a query) as the beginning of one of its own. */
export const matches = (entry: Entry, wanted: readonly string[]): boolean => {
  const text = searchableText(entry)
  if (text === undefined) return false
  const words = searchWords(text)
  return wanted.every((prefix) => words.some((word) => word.startsWith(prefix)))
}

/** The searchable part of an entry; undefined for whispers and others that must never be found. Audiences are checked on the hits. */
export const searchableText = (entry: Entry): string | undefined => {
  if (isRule(entry)) return undefined
  switch (entry.type) {
    case 'said':
    case 'acted':
      return entry.text
    case 'topicSet':
      return entry.topic
    case 'fileCompleted':
      return entry.file.name
    case 'whispered':
    case 'fileOffered':
    case 'fileWithdrawn':
    case 'fileReceived':
    case 'fileServed':
    case 'messageRemoved':
    case 'cleared':
    case 'erased':
    case 'passwordSet':
    case 'passwordRemoved':
      return undefined
    default:
      return entry satisfies never
  }
}
