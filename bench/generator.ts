// The load, in a process of its own: does one job after the other for its parent and answers with the measurements.
import { Attackers, type AttackersLoad } from './load/attackers.ts'
import { Clients, type ClientsLoad } from './load/clients.ts'
import { type FanOutLoad, runFanOut } from './load/fan-out.ts'
import { Flood, type FloodLoad, runTus, type TusLoad } from './load/files.ts'

export type Job =
  | { readonly type: 'fanOut'; readonly load: FanOutLoad }
  | { readonly type: 'tus'; readonly load: TusLoad }
  | { readonly type: 'enter'; readonly load: ClientsLoad }
  | { readonly type: 'talk'; readonly forMs: number; readonly linesPerSecond: number }
  | { readonly type: 'leave' }
  | { readonly type: 'flood'; readonly load: FloodLoad }
  | { readonly type: 'floodEnd' }
  | { readonly type: 'attack'; readonly load: AttackersLoad }
  | { readonly type: 'attackEnd' }

export interface Answer {
  readonly id: number
  readonly result?: unknown
  readonly error?: string
}

let clients: Clients | undefined
let flood: Flood | undefined
let attackers: Attackers | undefined

async function perform(job: Job): Promise<unknown> {
  switch (job.type) {
    case 'fanOut':
      return runFanOut(job.load)
    case 'tus':
      return runTus(job.load)
    case 'enter':
      clients = new Clients(job.load)
      return clients.enter()
    case 'talk':
      return clients?.talk(job.forMs, job.linesPerSecond)
    case 'leave':
      return clients?.leave()
    case 'flood':
      flood = new Flood(job.load)
      return flood.begin()
    case 'floodEnd':
      return flood?.end()
    case 'attack':
      attackers = new Attackers(job.load)
      return attackers.begin()
    case 'attackEnd':
      return attackers?.end()
    default:
      return job satisfies never
  }
}

process.on('message', ({ id, job }: { id: number; job: Job }) => {
  const answer = (what: Answer) => process.send?.(what)
  perform(job).then(
    (result) => answer({ id, result }),
    (error: unknown) => answer({ id, error: error instanceof Error ? error.message : String(error) }),
  )
})
process.stdin.once('end', () => process.exit(0)).resume()
