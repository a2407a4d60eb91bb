import { collisionKey, safeFileName } from './file-name.ts'

/** A word with fewer is more likely a name. */
const LEAST_ID_CHARS = 4
/** What receivers put in front of what they save. */
const SAVED = /^terima_/

/**
 * Which of some files, the newest first, somebody means: by its name; by the name as its sender spelt it, before it was made safe, whatever the case
 * and the form of its letters; as it was saved, or shown where names have no blanks; or by the first signs of its id. `several`: by its id only.
 */
export function wantedFile<File extends { readonly id: string; readonly name: string }>(
  newest: readonly File[],
  wanted: string,
  leastIdChars = LEAST_ID_CHARS,
): File | 'none' | 'several' {
  for (const typed of [wanted, wanted.replace(SAVED, '')]) {
    const safe = safeFileName(typed, '')
    const made = typeof safe === 'string' ? safe : typed
    const found =
      newest.find(({ name }) => name === typed) ??
      newest.find(({ name }) => name === made) ??
      newest.find(({ name }) => collisionKey(name) === collisionKey(made)) ??
      newest.find(({ name }) => loose(name) === loose(made))
    if (found !== undefined) return found
  }
  const byId = wanted.length < leastIdChars ? [] : newest.filter(({ id }) => id.startsWith(wanted.toLowerCase()))
  return byId.length > 1 ? 'several' : (byId[0] ?? 'none')
}

const loose = (name: string): string => collisionKey(name).replace(/\s/gu, '_')
