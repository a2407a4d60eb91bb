// The load, in a process of its own: does one job after the other for its parent and answers with the measurements.
import { Attackers, type AttackersLoad } from './load/attackers.ts'
import { Clients, type ClientsLoad, type TalkLoad } from './load/clients.ts'
import { runFanOut } from './load/fan-out.ts'
import { Flood, type FloodLoad, runTus } from './load/files.ts'

let clients: Clients | undefined
let flood: Flood | undefined
let attackers: Attackers | undefined

const JOBS = {
  fanOut: runFanOut,
  tus: runTus,
  enter: (load: ClientsLoad) => {
    clients = new Clients(load)
    return clients.enter()
  },
  talk: (load: TalkLoad) => there(clients).talk(load),
  leave: () => clients?.leave(),
  flood: (load: FloodLoad) => {
    flood = new Flood(load)
    return flood.begin()
  },
  floodEnd: () => there(flood).end(),
  attack: (load: AttackersLoad) => {
    attackers = new Attackers(load)
    return attackers.begin()
  },
  attackEnd: () => there(attackers).end(),
} as const

export type JobName = keyof typeof JOBS
export type Load<Name extends JobName> = Parameters<(typeof JOBS)[Name]>
export type Result<Name extends JobName> = Awaited<ReturnType<(typeof JOBS)[Name]>>

export interface Answer {
  readonly id: number
  readonly result?: unknown
  readonly error?: string
}

function there<Part>(part: Part | undefined): Part {
  if (part === undefined) throw new Error('a job of the generator came too early')
  return part
}

process.on('message', async ({ id, job, load }: { id: number; job: JobName; load: readonly unknown[] }) => {
  const answer = (what: Answer) => process.send?.(what)
  try {
    const perform = JOBS[job] as (...load: readonly unknown[]) => unknown
    answer({ id, result: await perform(...load) })
  } catch (error) {
    answer({ id, error: error instanceof Error ? error.message : String(error) })
  }
})
process.stdin.once('end', () => process.exit(0)).resume()
