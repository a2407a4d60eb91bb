import { forTerminal } from '../../../src/domain/text/terminal.ts'
import { kindOf, MARK, OTHER, pointsOf, VISIBLE } from './code-points.ts'

const JOINERS_AND_SELECTORS = new Set([0x200c, 0x200d, 0xfe0e, 0xfe0f])

/** What is wrong with `forTerminal(text)`, or undefined (C57, C58, C59). */
export function terminalFault(text: string): string | undefined {
  const shown = forTerminal(text)
  if (forTerminal(shown) !== shown) return 'escaping twice is not escaping once'
  const points = pointsOf(shown)
  let marks = 0
  for (const [at, point] of points.entries()) {
    const kind = kindOf(point)
    marks = kind === MARK ? marks + 1 : 0
    if (marks > 4) return 'more than four marks on one base'
    if (kind !== OTHER || point === 0x09) continue
    if (!JOINERS_AND_SELECTORS.has(point)) return `U+${point.toString(16)} got through`
    const before = points[at - 1] ?? 0
    const after = points[at + 1] ?? 0
    if (kindOf(before) === OTHER && before !== 0xfe0f) return `U+${point.toString(16)} follows nothing visible`
    if (point <= 0x200d && kindOf(after) !== VISIBLE) return `U+${point.toString(16)} joins nothing visible`
  }
  return undefined
}
