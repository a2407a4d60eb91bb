import { counted, printJson } from './command.ts'
import { CommandFailed, type ExitCode, exitCodes, PartlyDone } from './exit-codes.ts'
import { endsAll, failureOf, reasonOf } from './failures.ts'

/** One of several things that a command is to do. */
export interface Item {
  /** Its name for people. */
  readonly label: string
  /** Items with the same key run one after the other. */
  readonly key?: string
  /**
   * Does it, perhaps while others are running, and answers a function that reports it in its turn; both throw the reason of a failure.
   * `come` resolves once all earlier items are reported: only then may it print.
   */
  run(come: Promise<void>): Promise<Told>
}

/** Reports an item: done now, or before. */
export type Told = () => Promise<'done' | 'already'>

interface BatchFlags {
  readonly json?: boolean
  readonly quiet?: boolean
}

/**
 * Does the first item, and once it has succeeded, `atOnce` of the others at a time. Reports them in order. A failed item does not stop
 * the others, unless the connection to the host is lost, or the place for all of them. Throws after any failure: the failure itself if
 * it was the only one; otherwise with their common exit code, or else as incomplete.
 */
export async function runBatch(
  action: 'sent' | 'got',
  items: readonly Item[],
  flags: BatchFlags,
  atOnce = 1,
): Promise<void> {
  let done = 0
  let already = 0
  let count = 0
  let unreported: CommandFailed | undefined
  const codes = new Set<ExitCode>()
  const reportFailure = () => {
    if (unreported !== undefined) process.stderr.write(`tamtam: ${unreported.message}\n`)
    unreported = undefined
  }
  const sum = () => {
    const there = already === 0 ? '' : `, ${already} ${already === 1 ? 'was' : 'were'} there already`
    return `${action} ${done} of ${counted(count, 'file')}${there}`
  }
  for (const { label, tell } of begun(items, () => (count === 0 ? 1 : atOnce))) {
    reportFailure()
    try {
      if ((await tell()) === 'done') done++
      else already++
      count++
      continue
    } catch (error) {
      const failure = failureOf(error)
      if (!(failure instanceof CommandFailed)) throw failure
      unreported = failure
      count++
    }
    const { exitCode } = unreported
    codes.add(exitCode)
    // The room has it.
    const isThere = exitCode === exitCodes.timeout || unreported instanceof PartlyDone
    if (isThere) done++
    if (flags.json && !(unreported instanceof PartlyDone))
      await printJson({ type: 'failed', file: label, exitCode, ...reasonOf(unreported) })
    if (!endsAll(unreported, action)) continue
    if (count === 1) throw unreported
    throw new CommandFailed(exitCode, `${unreported.message}\n${sum()}; the rest was not tried`)
  }
  if (unreported !== undefined && count === 1) throw unreported
  reportFailure()
  const [only = exitCodes.incomplete, ...others] = codes
  if (codes.size > 0) throw new CommandFailed(others.length === 0 ? only : exitCodes.incomplete, sum())
  if (count > 1 && !flags.quiet) process.stderr.write(`${sum()}\n`)
}

/** The items in order, each when its turn to report has come. At most `most` have begun by then. */
function* begun(
  items: readonly Item[],
  most: () => number,
): Generator<{ readonly label: string; readonly tell: Told }, void> {
  const running: { readonly item: Item; readonly work: Promise<Told>; readonly come: () => void }[] = []
  let next = 0
  for (;;) {
    for (let item = items[next]; item !== undefined && running.length < most(); item = items[next]) {
      const { key } = item
      if (key !== undefined && running.some((each) => each.item.key === key)) break
      next++
      const { promise, resolve } = Promise.withResolvers<void>()
      const work = item.run(promise)
      // Its failure is handled in its turn. If its turn never comes, an earlier item has ended the batch.
      work.catch(() => {})
      running.push({ item, work, come: resolve })
    }
    const [first] = running
    if (first === undefined) return
    first.come()
    yield { label: first.item.label, tell: async () => await (await first.work)() }
    running.shift()
  }
}

/** Counts the lines of an input and the refused ones, which decide the exit code. */
export class LineCount {
  #taken = 0
  #refused = 0

  /** Blank lines count as well. */
  took(lines: number): void {
    this.#taken += lines
  }

  /** Answers the number of the line. */
  refused(): number {
    this.#refused++
    return this.#taken + this.#refused
  }

  /** Throws if lines were refused. */
  end(): void {
    if (this.#refused === 0) return
    const all = this.#taken + this.#refused
    throw new CommandFailed(exitCodes.refused, `${this.#refused} of ${all} ${all === 1 ? 'line' : 'lines'} refused`)
  }
}
