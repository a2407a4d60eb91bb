import { counted, printJson } from './command.ts'
import { CommandFailed, type ExitCode, exitCodes, PartlyDone } from './exit-codes.ts'
import { endsAll, failureOf, reasonOf } from './failures.ts'

/** One thing of several that a command was asked for. */
export interface Item {
  /** Its name for people. */
  readonly label: string
  /** Of several with one key, each begins when those before it have ended. */
  readonly key?: string
  /**
   * Does it, perhaps beside others, and answers how it is told of in its turn; both throw why it failed. `come` resolves once all items
   * before it have been told of: only then may it print.
   */
  run(come: Promise<void>): Promise<Told>
}

/** Whether it was now or before. */
export type Told = () => Promise<'done' | 'already'>

interface BatchFlags {
  readonly json?: boolean
  readonly quiet?: boolean
}

/**
 * Does one thing after the other, or, once the first has gone well, `atOnce` side by side, and tells of them in their order. Each has its
 * own end: a failure is reported, and the others are done all the same, unless the connection to the host is lost, or the place for all of them. Throws how it ended where anything failed: one failure as it is; several with their
 * own exit code where they share one, else as incomplete.
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
    // It is in the room.
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

/** The items in order, each when its turn to be told of has come; so many of them, `most`, have begun by then. */
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
      // It is met in its turn; where that never comes, something before it has ended all.
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

/** Lines of an input, of which each has its own end: how many were refused is how a command ends that was given them. */
export class LineCount {
  #taken = 0
  #refused = 0

  /** Blank ones too. */
  took(lines: number): void {
    this.#taken += lines
  }

  /** Answers which one it was. */
  refused(): number {
    this.#refused++
    return this.#taken + this.#refused
  }

  /** Throws where lines were refused. */
  end(): void {
    if (this.#refused === 0) return
    const all = this.#taken + this.#refused
    throw new CommandFailed(exitCodes.refused, `${this.#refused} of ${all} ${all === 1 ? 'line' : 'lines'} refused`)
  }
}
