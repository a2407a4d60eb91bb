import type { Server } from './processes.ts'

/** The results of each contender, by its name, round by round. */
export type Rounds<Result> = ReadonlyMap<string, readonly Result[]>

interface Startable {
  readonly name: string
  start(): Promise<Server>
}

/**
 * Measures all contenders once a round, each time in a process that is new, and every second round in the opposite order:
 * the machine's speed changes from minute to minute, so only figures of one round are compared.
 */
export async function alternate<Contender extends Startable, Result>(
  rounds: number,
  contenders: readonly Contender[],
  measure: (server: Server, contender: Contender) => Promise<Result>,
): Promise<Rounds<Result>> {
  const results = new Map<string, Result[]>(contenders.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const contender of round % 2 === 0 ? contenders : contenders.toReversed()) {
      const server = await contender.start()
      try {
        results.get(contender.name)?.push(await measure(server, contender))
      } catch (error) {
        throw new Error(`${contender.name}: ${error instanceof Error ? error.message : String(error)}`, {
          cause: error,
        })
      } finally {
        await server.stop()
      }
    }
  }
  return results
}

export function median(values: readonly number[]): number {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((one, other) => one - other)
  const middle = sorted.length >> 1
  if (sorted.length === 0) return Number.NaN
  if (sorted.length % 2 === 1) return sorted[middle] as number
  return ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}

/** The median over the rounds of one figure of one contender. */
export function typical<Result>(
  rounds: Rounds<Result>,
  name: string,
  of: (result: Result) => number | undefined,
): number {
  return median((rounds.get(name) ?? []).map((result) => of(result) ?? Number.NaN))
}

/** The median over the rounds of one contender's figure divided by another's of the same round. */
export function ratio<Result>(
  rounds: Rounds<Result>,
  name: string,
  to: string,
  of: (result: Result) => number | undefined,
): number {
  const others = rounds.get(to) ?? []
  return median(
    (rounds.get(name) ?? []).map((result, round) => (of(result) ?? Number.NaN) / (of(others[round]!) ?? Number.NaN)),
  )
}
