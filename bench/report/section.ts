/** A figure, where it is judged with its target. */
export interface Finding {
  readonly what: string
  readonly value: number
  readonly unit: string
  readonly target?: { readonly atLeast: number } | { readonly atMost: number }
}

/** The results of one part of the benchmark. */
export interface Section {
  readonly title: string
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
  readonly findings: readonly Finding[]
  readonly notes: readonly string[]
  /** All measurements, for `--json`. */
  readonly raw: unknown
}

export function isMet({ value, target }: Finding): boolean | undefined {
  if (target === undefined || Number.isNaN(value)) return undefined
  return 'atLeast' in target ? value >= target.atLeast : value <= target.atMost
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
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2)
}

/** Without a unit a ratio. */
export const finding = (what: string, value: number, unit = ' ×', target?: Finding['target']): Finding => ({
  what,
  value,
  unit,
  ...(target === undefined ? {} : { target }),
})

/** A table of figures: one row for each label, one column for each function. */
export function table<Row>(
  first: string,
  rows: readonly (readonly [label: string, row: Row])[],
  columns: Readonly<Record<string, (row: Row) => number | undefined>>,
): Pick<Section, 'head' | 'rows'> {
  const figures = Object.values(columns)
  return {
    head: [first, ...Object.keys(columns)],
    rows: rows.map(([label, row]) => [label, ...figures.map((of) => figure(of(row)))]),
  }
}

export const noTable: Pick<Section, 'head' | 'rows'> = { head: [], rows: [] }

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
