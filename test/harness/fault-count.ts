import { afterAll, type RunnerTask } from 'vitest'

/**
 * Says in the end how many cases this file of fault runs had, how many faults were in them, and how many lost something. A case has one
 * fault, unless it says by the function that is answered how many it had.
 */
export function countFaults(what: string): (faults: number) => void {
  let more = 0
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads from the pattern which fixtures are wanted.
  afterAll(({}, file) => {
    // Each asserts that nothing is lost and nothing false is kept.
    const ended = file.tasks.flatMap(endsOf)
    const [cases, losses] = [
      ended.filter((state) => state !== 'skip').length,
      ended.filter((state) => state === 'fail').length,
    ]
    console.log(`${what}: ${cases} cases, ${cases + more} faults, ${losses} losses`)
  })
  return (faults) => {
    more += faults - 1
  }
}

const endsOf = (task: RunnerTask): readonly string[] =>
  task.type === 'suite' ? task.tasks.flatMap(endsOf) : [task.result?.state ?? 'skip']
