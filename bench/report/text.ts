import { type Finding, figure, isMet, type Section } from './section.ts'

/** A section for a terminal. */
export function toText({ title, head, rows, findings, notes }: Section): string {
  const lines = ['', title]
  if (rows.length > 0) {
    const all = [head, ...rows]
    const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)))
    for (const row of all)
      lines.push(`  ${row.map((cell, column) => pad(cell, widths[column] ?? 0, column)).join('  ')}`)
  }
  for (const finding of findings) lines.push(`  ${findingText(finding)}`)
  for (const note of notes) lines.push(`  note: ${note}`)
  return lines.join('\n')
}

/** A section for `docs/benchmarks.md`. */
export function toMarkdown({ title, head, rows, findings, notes }: Section): string {
  const lines = [`## ${title}`, '']
  if (rows.length > 0) {
    lines.push(`| ${head.join(' | ')} |`, `|${head.map((_, column) => (column === 0 ? '---' : '--:')).join('|')}|`)
    for (const row of rows) lines.push(`| ${row.join(' | ')} |`)
    lines.push('')
  }
  for (const finding of findings) lines.push(`- ${findingText(finding)}`)
  for (const note of notes) lines.push(`- ${note}`)
  return `${lines.join('\n')}\n`
}

const pad = (cell: string, width: number, column: number): string =>
  column === 0 ? cell.padEnd(width) : cell.padStart(width)

function findingText(finding: Finding): string {
  const { what, value, unit, target } = finding
  const text = `${what}: ${figure(value)}${unit}`
  if (target === undefined) return text
  const wanted = 'atLeast' in target ? `at least ${target.atLeast}` : `at most ${target.atMost}`
  const met = isMet(finding)
  return `${text} (${wanted}${met === undefined ? '' : met ? ', met' : ', MISSED'})`
}
