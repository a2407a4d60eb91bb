import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import type { safeFileName } from '#domain/names/file-name.ts'

const SOURCE = new URL('../../../../src/domain/names/file-name.ts', import.meta.url)
export const source = readFileSync(SOURCE, 'utf8')

/** Each rule by itself, as it stands in the source, and what is there without it. */
export const RULES: readonly (readonly [rule: string, without: string])[] = [
  ["raw.includes('\\0')", 'false'],
  ['bounded(lastComponent(raw))', 'bounded(raw)'],
  ['bounded(lastComponent(raw))', 'lastComponent(raw)'],
  ["path.lastIndexOf('/')", '-1'],
  ["path.lastIndexOf('\\\\')", '-1'],
  ["seen === '.'", 'false'],
  ["seen === '..'", 'false'],
  ["name === ''", 'false'],
  ['id.slice(0, 8)', 'id'],
  ["withoutHidden(bounded(lastComponent(raw))).normalize('NFC')", 'withoutHidden(bounded(lastComponent(raw)))'],
  [
    "withoutHidden(bounded(lastComponent(raw))).normalize('NFC')",
    "withoutHidden(bounded(lastComponent(raw)).normalize('NFC'))",
  ],
  [
    "withoutHidden(bounded(lastComponent(raw))).normalize('NFC')",
    "withoutHidden(bounded(lastComponent(raw))).normalize('NFKC')",
  ],
  ['return withoutHidden(name)', 'return name'],
  [
    "return withoutHidden(stem.replace(DOTS_AND_SPACES_AT_END, '') + extension)",
    "return stem.replace(DOTS_AND_SPACES_AT_END, '') + extension",
  ],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is a piece of the source
  ['(?:${SPELLING})|', ''],
  ["    .replace(unprintable(), '_')\n", ''],
  ["    .replace(ILLEGAL_ON_WINDOWS, '_')\n", ''],
  ["    .replace(SPACES_AT_START, '')\n", ''],
  ["    .replace(DOTS_AND_SPACES_AT_END, '')\n", ''],
  ["    .replace(ACTIVE_AT_START, '_')\n", ''],
  ['shortened(notDevice(shortened(name)))', 'notDevice(shortened(name))'],
  ['shortened(notDevice(shortened(name)))', 'shortened(notDevice(name))'],
  ['shortened(notDevice(shortened(name)))', 'shortened(name)'],
  ["DEVICE.test(name.normalize('NFKC'))", 'DEVICE.test(name)'],
  ["stem.replace(DOTS_AND_SPACES_AT_END, '')", 'stem'],
  ['MAX_BYTES - utf8Length(extension)', 'MAX_BYTES'],
  ...[199, 201].map((bytes) => ['MAX_BYTES = 200', `MAX_BYTES = ${bytes}`] as const),
  ...[15, 17].map((bytes) => ['MAX_EXTENSION_BYTES = 16', `MAX_EXTENSION_BYTES = ${bytes}`] as const),
  ...['\\p{Default_Ignorable_Code_Point}', '\\p{Cf}', '\\u2800'].map(left('invisible')),
  ...['\\p{Cc}', '\\p{Cn}', '\\p{Co}', '\\p{Cs}', '\\p{Zl}', '\\p{Zp}'].map(left('unprintable')),
  ...[...'<>:"|?*'].map(left('ILLEGAL_ON_WINDOWS')),
  ...[...'~.-'].map(left('ACTIVE_AT_START')),
  ...['.', '\\s'].map(left('DOTS_AND_SPACES_AT_END')),
  ...['con|', 'prn|', 'aux|', 'nul|', 'conin\\$|', 'conout\\$|', 'clock\\$|', 'com\\d|', '|lpt\\d'].map(left('DEVICE')),
  ...['\\s*', '\\.|'].map(left('DEVICE')),
]

/** The line that makes the constant, without a part of it. */
function left(constant: string): (part: string) => readonly [string, string] {
  const line = source.split('\n').find((each) => each.startsWith(`const ${constant} = `)) ?? ''
  return (part) => [line, line.replace(part, '')]
}

/** `safeFileName` as its source would make it without that rule. */
export async function mutant(rule: string, without: string): Promise<typeof safeFileName> {
  const code = stripTypeScriptTypes(source.replace(rule, () => without))
  const absolute = code.replace(/from '(\.[^']+)'/g, (_, path) => `from '${new URL(path, SOURCE).href}'`)
  return (await import(`data:text/javascript,${encodeURIComponent(absolute)}`)).safeFileName
}
