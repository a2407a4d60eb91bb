import { wrapped } from '../../scripts/wrap.ts'
/** A figure, where it is judged with its target. */
export interface Finding {
  readonly what: string
  readonly value: number
  readonly unit: string
  readonly atLeast?: number
  readonly atMost?: number
}

/** The results of one part of the benchmark. */
export interface Section {
  readonly id: string
  readonly title: string
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
  readonly findings: readonly Finding[]
  readonly notes: readonly string[]
  /** Other programs took so much of the machine that the figures should not be believed. */
  readonly isBusy: boolean
  /** The medians, by contender and figure. */
  readonly typical: Readonly<Record<string, Readonly<Record<string, number>>>>
  /** All measurements, for `--json`. */
  readonly raw: unknown
}

export function isMet({ value, atLeast, atMost }: Finding): boolean | undefined {
  if (Number.isNaN(value) || (atLeast === undefined && atMost === undefined)) return undefined
  return value >= (atLeast ?? Number.NEGATIVE_INFINITY) && value <= (atMost ?? Number.POSITIVE_INFINITY)
}

/** Two or three significant digits: more would claim more than a busy machine can tell. */
export function figure(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '-'
  if (Math.abs(value) >= 1e6) return `${short(value / 1e6)} M`
  if (Math.abs(value) >= 10_000) return `${short(value / 1000)} k`
  return short(value)
}

function short(value: number): string {
  const size = Math.abs(value)
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 || size === 0 ? 2 : 3)
}

/** A section for a terminal. */
export function toText({ title, head, rows, findings, notes }: Section): string {
  const lines = ['', title]
  const all = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)))
  for (const row of all) lines.push(`  ${row.map((cell, column) => pad(cell, widths[column] ?? 0, column)).join('  ')}`)
  for (const finding of findings) lines.push(`  ${findingText(finding)}`)
  for (const note of notes) lines.push(`  note: ${note}`)
  return lines.join('\n')
}

/** A section for `docs/explain/benchmarks.md`. */
export function toMarkdown({ title, head, rows, findings, notes }: Section): string {
  const table = [head, head.map((_, column) => (column === 0 ? '---' : '--:')), ...rows]
  const points = [...findings.map(findingText), ...notes].map((point) => wrapped(`- ${point}`, '  '))
  return [`## ${title}`, '', ...table.map((row) => `| ${row.join(' | ')} |`), '', ...points, ''].join('\n')
}

const pad = (cell: string, width: number, column: number): string =>
  column === 0 ? cell.padEnd(width) : cell.padStart(width)

function findingText(finding: Finding): string {
  const { what, value, unit, atLeast, atMost } = finding
  const met = isMet(finding)
  const wanted = atLeast === undefined ? `at most ${atMost}` : `at least ${atLeast}`
  return `${what}: ${figure(value)}${unit}${met === undefined ? '' : ` (${wanted}, ${met ? 'met' : 'MISSED'})`}`
}
