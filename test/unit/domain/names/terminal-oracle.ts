import { forTerminal } from '#domain/names/text.ts'
import { kindOf, MARK, OTHER, pointsOf, VISIBLE } from './code-points.ts'

const SPELLING = new Set([0x200c, 0x200d, 0xfe0e, 0xfe0f, 0x180b, 0x180c, 0x180d, 0x180f])
const VIRAMAS = new Set([0x94d, 0x9cd, 0xa4d, 0xacd, 0xb4d, 0xbcd, 0xc4d, 0xccd, 0xd4d, 0xdca])
/** England, Scotland and Wales. */
const FLAGS =
  /\u{1f3f4}\u{e0067}\u{e0062}(?:\u{e0065}\u{e006e}\u{e0067}|\u{e0073}\u{e0063}\u{e0074}|\u{e0077}\u{e006c}\u{e0073})\u{e007f}/gu

/** What is wrong with `forTerminal(text)`, or undefined (C57, C58, C59). */
export function terminalFault(text: string): string | undefined {
  const shown = forTerminal(text)
  if (forTerminal(shown) !== shown) return 'escaping twice is not escaping once'
  const points = pointsOf(shown.replace(FLAGS, '\u{1f3f4}'))
  let marks = 0
  for (const [at, point] of points.entries()) {
    const kind = kindOf(point)
    marks = kind === MARK ? marks + 1 : 0
    if (marks > 4) return 'more than four marks on one base'
    if (kind !== OTHER || point === 0x09) continue
    if (!SPELLING.has(point)) return `U+${point.toString(16)} got through`
    const before = points[at - 1] ?? 0
    const after = points[at + 1] ?? 0
    if (kindOf(before) === OTHER && before !== 0xfe0f) return `U+${point.toString(16)} follows nothing visible`
    const joins = point === 0x200c || point === 0x200d
    if (joins && kindOf(after) !== VISIBLE && !VIRAMAS.has(before))
      return `U+${point.toString(16)} joins nothing visible`
  }
  return undefined
}
