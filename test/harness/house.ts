import { engineDefaults } from '#app/defaults.ts'
import { Engine } from '#domain/engine/engine.ts'
import type { EngineLimits } from '#domain/engine/limits.ts'
import type { LocalSession } from '#domain/engine/session.ts'
import type { RoomEvent } from '#domain/room/events.ts'
import { checkFolder } from '#folder/reader.ts'
import { MemoryFileStore } from '#storage/memory/file-store.ts'
import { CountingIds } from '#system/ids.ts'
import { MemoryLog } from '#system/log.ts'
import { MemoryMetrics } from '#system/metrics.ts'
import { ScriptedJournal } from './scripted-journal.ts'
import { TurnClock } from './turns.ts'

export interface HouseOptions {
  readonly limits?: Partial<EngineLimits>
  readonly journal?: ScriptedJournal
  readonly fileStore?: MemoryFileStore
  readonly clock?: TurnClock
  readonly ids?: CountingIds
}

/** An engine whose stores, clock and ids are the test's. */
export async function openHouse({ limits = {}, ...given }: HouseOptions = {}) {
  const ports = {
    journal: given.journal ?? new ScriptedJournal(),
    fileStore: given.fileStore ?? new MemoryFileStore(),
    clock: given.clock ?? new TurnClock(),
    ids: given.ids ?? new CountingIds(),
    log: new MemoryLog(),
    metrics: new MemoryMetrics(),
    checkFolder,
  }
  const broken: unknown[] = []
  const engine = new Engine(ports, { ...engineDefaults, ...limits }, (error) => broken.push(error))
  await engine.start()
  return { ...ports, engine, broken, join: (name: string, room = 'lobby') => engine.join({ room, name }) }
}

export type House = Awaited<ReturnType<typeof openHouse>>

/** The next life of a host: another engine on the stores that the first one left. */
export const reopen = ({ journal, fileStore, clock, ids }: House, limits: Partial<EngineLimits> = {}) =>
  openHouse({ journal, fileStore, clock, ids, limits })

/** Everything that a session is shown from now on, and how its stream ended. */
export function watch(session: LocalSession) {
  const events: RoomEvent[] = []
  const seen = { events, completed: false }
  session.events$.subscribe({ next: (event) => events.push(event), complete: () => (seen.completed = true) })
  return seen
}

/** What the promise was rejected with. */
export const failure = async (promise: Promise<unknown>): Promise<unknown> => {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('it was not rejected')
}
