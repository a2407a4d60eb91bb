import { Meter } from '../load/measure.ts'
import { type Finding, figure, isMet, type Section } from '../report/section.ts'
import { BOUNDS } from '../scenarios/bounds.ts'
import { type Tool, whereToGet } from './tools.ts'

/** What one measurement found, by the heads of the table's columns. NaN or undefined: there is no such figure here. */
export type Figures = Readonly<Record<string, number | undefined>>

/** One of the things that are measured beside each other. */
export interface Contender {
  readonly name: string
  /** Programs of this machine. Where one is missing the contender is left out, and the notes say how to get it. */
  readonly needs?: readonly Tool[]
  /** Measures once, with processes and directories that are new. */
  measure(round: number): Promise<Figures>
}

/** A figure of one round: NaN where its contender was left out. */
export type Round = (contender: string, figure: string) => number

/** A figure that is told by name, and where it has a target judged. */
export interface Target extends Omit<Finding, 'value'> {
  readonly of: (round: Round) => number
}

export const told = (what: string, of: Target['of'], unit = ' ×'): Target => ({ what, of, unit })
export const atLeast = (least: number, ...target: Parameters<typeof told>): Target => ({
  ...told(...target),
  atLeast: least,
})
export const atMost = (most: number, ...target: Parameters<typeof told>): Target => ({
  ...told(...target),
  atMost: most,
})

/** One figure of a contender to the same of another. */
export const ratio =
  (figure: string, contender: string, to: string): Target['of'] =>
  (round) =>
    round(contender, figure) / round(to, figure)

/** One figure of a contender as it is. */
export const plain =
  (figure: string, contender: string): Target['of'] =>
  (round) =>
    round(contender, figure)

export interface Comparison {
  /** By which charts find it. */
  readonly id: string
  readonly title: string
  readonly contenders: readonly Contender[]
  readonly columns: readonly string[]
  /** A further column: this figure as a multiple of the same of a contender. */
  readonly base?: { readonly name: string; readonly figure: string }
  readonly targets: readonly Target[]
  readonly notes?: readonly string[]
  /** At most so many rounds, where one takes long. */
  readonly mostRounds?: number
}

/** So much of one processor used by others, and the figures are more about them than about us. */
const DISTURBING_SHARE = 0.3

/**
 * Measures all contenders once a round, every second round in the opposite order: the machine's speed changes from minute to
 * minute, so only figures of one round are compared. A ratio is formed within a round, and its median over the rounds is told.
 */
export async function compare(comparison: Comparison, rounds: number): Promise<Section> {
  const { id, title, columns, base, targets, notes = [] } = comparison
  const missing = comparison.contenders.map(({ needs = [] }) =>
    needs.map(whereToGet).find((hint) => hint !== undefined),
  )
  const contenders = comparison.contenders.filter((_, index) => missing[index] === undefined)
  const count = Math.min(rounds, comparison.mostRounds ?? Number.POSITIVE_INFINITY)
  const results = new Map<string, Figures[]>(contenders.map(({ name }) => [name, []]))
  const meter = new Meter(process.pid)
  for (let round = 0; round < count; round++)
    for (const contender of round % 2 === 0 ? contenders : contenders.toReversed())
      results.get(contender.name)?.push(await measured(contender, round))
  const { otherShare, seconds } = meter.read()
  const of =
    (index: number): Round =>
    (name, key) =>
      results.get(name)?.[index]?.[key] ?? Number.NaN
  const overRounds = (value: (round: Round) => number) =>
    median(Array.from({ length: count }, (_, index) => value(of(index))))
  const names = contenders.map(({ name }) => name)
  const typical = new Map(
    names.map((name) => [
      name,
      Object.fromEntries(
        Object.keys(results.get(name)?.[0] ?? {}).map((key) => [key, overRounds((round) => round(name, key))]),
      ),
    ]),
  )
  const findings = targets
    .map(({ of: value, ...rest }) => ({ ...rest, value: overRounds(value) }))
    .filter(({ value }) => !Number.isNaN(value))
  const timesBase = base === undefined ? [] : [`× ${base.name}`]
  return {
    id,
    title,
    head: ['', ...columns, ...timesBase],
    rows: names.map((name) => [
      name,
      ...columns.map((key) => figure(typical.get(name)?.[key])),
      ...(base === undefined ? [] : [figure(overRounds(ratio(base.figure, name, base.name)))]),
    ]),
    findings,
    notes: [
      ...notes,
      ...comparison.contenders.flatMap(({ name }, index) =>
        missing[index] === undefined ? [] : [`not measured: ${name}: ${missing[index]}`],
      ),
      ...findings.flatMap((each) =>
        isMet(each) === false && each.what in BOUNDS ? [`what bounds ${each.what}: ${BOUNDS[each.what]}`] : [],
      ),
      `${count} ${count === 1 ? 'round' : 'rounds'}, ${seconds.toFixed(0)} s; ${quietOrBusy(otherShare)}`,
    ],
    isBusy: isBusy(otherShare),
    typical: Object.fromEntries(typical),
    raw: Object.fromEntries(results),
  }
}

async function measured({ name, measure }: Contender, round: number): Promise<Figures> {
  try {
    return await measure(round)
  } catch (cause) {
    throw new Error(`${name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

const isBusy = (otherShare = 0): boolean => otherShare > DISTURBING_SHARE

function quietOrBusy(otherShare: number | undefined): string {
  if (otherShare === undefined) return 'whether the machine was quiet is not known here'
  const text = `other programs kept ${figure(otherShare)} processors busy`
  return isBusy(otherShare) ? `busy: ${text}: measure again when the machine is quiet` : `quiet: ${text}`
}

export function median(values: readonly number[]): number {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((one, other) => one - other)
  const middle = sorted.length >> 1
  if (sorted.length === 0) return Number.NaN
  if (sorted.length % 2 === 1) return sorted[middle] as number
  return ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}
