import { posix, win32 } from 'node:path'
import { numbered, safeFileName } from '#domain/names/file-name.ts'
import { kindOf, OTHER } from './code-points.ts'

export const ID = '0123456789abcdef'

const DEVICES = new Set(
  'con prn aux nul conin$ conout$ clock$ com0 com1 com2 com3 com4 com5 com6 com7 com8 com9 com¹ com² com³ lpt0 lpt1 lpt2 lpt3 lpt4 lpt5 lpt6 lpt7 lpt8 lpt9 lpt¹ lpt² lpt³'.split(
    ' ',
  ),
)

/** What is wrong with `safeFileName(raw)`, or undefined (C56). A refusal has to have one of the two reasons there are. */
export function fileNameFault(raw: string): string | undefined {
  const name = safeFileName(raw, ID)
  if (typeof name !== 'string') {
    if (name.code !== 'BAD_NAME') return `refused as ${name.code}`
    return raw.includes('\0') || /\.[^/\\]*$/.test(raw) ? undefined : 'refused for no reason'
  }
  if (raw.includes('\0')) return 'NUL was accepted'
  if (safeFileName(name, ID) !== name) return `cleaning twice is not cleaning once: ${JSON.stringify(name)}`
  return componentFault(name, 200) ?? componentFault(numbered(`terima_${name}`, 12345), 255)
}

/** England, Scotland and Wales. */
const FLAGS =
  /\u{1f3f4}(?:\u{e0067}\u{e0062}(?:\u{e0065}\u{e006e}\u{e0067}|\u{e0073}\u{e0063}\u{e0074}|\u{e0077}\u{e006c}\u{e0073}))\u{e007f}/gu
const JOINING =
  /\p{scx=Arab}|\p{scx=Syrc}|\p{scx=Mand}|\p{scx=Nkoo}|\p{scx=Adlm}|\p{scx=Rohg}|\p{scx=Mong}|\p{scx=Deva}|\p{scx=Beng}|\p{scx=Guru}|\p{scx=Gujr}|\p{scx=Orya}|\p{scx=Taml}|\p{scx=Telu}|\p{scx=Knda}|\p{scx=Mlym}|\p{scx=Sinh}|\p{scx=Khmr}/u
const VIRAMAS = new Set([...'\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0dca'])

/** Whether a sign that is not seen is part of a word or an emoji, looked at from both sides (C48). */
function spells(signs: readonly string[], at: number): boolean {
  const [sign = '', before = '', after = ''] = [signs[at], signs[at - 1], signs[at + 1]]
  const isPicture = (each = '') => /\p{Extended_Pictographic}/u.test(each)
  const isLetter = (each = '') => /\p{L}/u.test(each) && JOINING.test(each)
  if (sign === '\ufe0e' || sign === '\ufe0f') return isPicture(before) || (/[0-9#]/.test(before) && after === '\u20e3')
  if (/[\u180b-\u180d\u180f]/.test(sign)) return /\p{L}/u.test(before) && /\p{scx=Mong}/u.test(before)
  if (sign !== '\u200c' && sign !== '\u200d') return false
  let base = at - 1
  while (sign === '\u200d' && /\ufe0f|\p{Emoji_Modifier}/u.test(signs[base] ?? '')) base--
  if (sign === '\u200d' && isPicture(signs[base]) && isPicture(after)) return true
  base = at - 1
  while (/\p{M}/u.test(signs[base] ?? '')) base--
  return isLetter(signs[base]) && (isLetter(after) || VIRAMAS.has(before))
}

export function componentFault(name: string, maxBytes: number): string | undefined {
  if (Buffer.byteLength(name) > maxBytes) return `${Buffer.byteLength(name)} bytes`
  if (name.normalize('NFC') !== name) return 'not normalised'
  const signs = Array.from(name.replace(FLAGS, '\u{1f3f4}'))
  for (const [at, sign] of signs.entries())
    if (kindOf(sign.codePointAt(0) as number) === OTHER && !spells(signs, at))
      return `U+${sign.codePointAt(0)?.toString(16)} is not printable, and spells nothing`
  if (/[/\\<>:"|?*]|^[~. -]|[. ]$/.test(name)) return `special on some system: ${JSON.stringify(name)}`
  const base = name.slice(0, name.indexOf('.') === -1 ? undefined : name.indexOf('.')).trimEnd()
  if (DEVICES.has(base.toLowerCase())) return 'a device on Windows'
  if (posix.join('/spool/in', name) !== `/spool/in/${name}`) return 'leaves the directory on POSIX'
  if (posix.resolve('/spool/in', name) !== `/spool/in/${name}`) return 'leaves the directory on POSIX'
  if (win32.resolve('C:\\spool\\in', name) !== `C:\\spool\\in\\${name}`) return 'leaves the directory on Windows'
  return posix.basename(name) === name && win32.basename(name) === name ? undefined : 'more than one component'
}
