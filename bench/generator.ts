// The load, in a process of its own: does one job after the other for its parent and answers with what it measured.
import { Crowd } from './load/crowd.ts'
import { runFanout } from './load/fanout.ts'
import { Flood } from './load/flood.ts'
import { runFlow } from './load/flow.ts'
import { Guests } from './load/guests.ts'
import { Hostiles } from './load/hostiles.ts'
import { type Answer, type Job, stopWithParent } from './load/jobs.ts'
import { runJoins } from './load/joins.ts'
import { runTransfer } from './load/transfer.ts'

let crowd: Crowd | undefined
let flood: Flood | undefined
let guests: Guests | undefined
let hostiles: Hostiles | undefined

async function perform(job: Job): Promise<unknown> {
  switch (job.type) {
    case 'fanout':
      return runFanout(job.load)
    case 'joins':
      return runJoins(job.load)
    case 'transfer':
      return runTransfer(job.load)
    case 'flow':
      return runFlow(job.load)
    case 'flood':
      flood = new Flood(job.load)
      return flood.begin()
    case 'floodEnd':
      return flood?.end()
    case 'crowd':
      crowd = new Crowd(job.load)
      return crowd.gather()
    case 'crowdTalk':
      return crowd?.talk(job.forMs)
    case 'crowdLeave':
      return crowd?.end()
    case 'guests':
      guests = new Guests(job.load)
      return guests.gather()
    case 'guestsTalk':
      return guests?.talk(job.forMs)
    case 'guestsLeave':
      return guests?.end()
    case 'hostiles':
      hostiles = new Hostiles(job.load)
      return hostiles.begin()
    case 'hostilesEnd':
      return hostiles?.end()
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
stopWithParent()
