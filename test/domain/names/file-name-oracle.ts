import { posix, win32 } from 'node:path'
import { numbered, safeFileName } from '../../../src/domain/names/safe-file-name.ts'
import { kindOf, OTHER } from '../text/code-points.ts'

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

function componentFault(name: string, maxBytes: number): string | undefined {
  if (Buffer.byteLength(name) > maxBytes) return `${Buffer.byteLength(name)} bytes`
  if (name.normalize('NFC') !== name) return 'not normalised'
  for (let at = 0; at < name.length; at++) {
    const point = name.codePointAt(at) as number
    if (point > 0xffff) at++
    if (kindOf(point) === OTHER) return `U+${point.toString(16)} is not printable`
  }
  if (/[/\\<>:"|?*]|^[~. -]|[. ]$/.test(name)) return `special on some system: ${JSON.stringify(name)}`
  const base = name.slice(0, name.indexOf('.') === -1 ? undefined : name.indexOf('.')).trimEnd()
  if (DEVICES.has(base.toLowerCase())) return 'a device on Windows'
  if (posix.join('/spool/in', name) !== `/spool/in/${name}`) return 'leaves the directory on POSIX'
  if (posix.resolve('/spool/in', name) !== `/spool/in/${name}`) return 'leaves the directory on POSIX'
  if (win32.resolve('C:\\spool\\in', name) !== `C:\\spool\\in\\${name}`) return 'leaves the directory on Windows'
  return posix.basename(name) === name && win32.basename(name) === name ? undefined : 'more than one component'
}
