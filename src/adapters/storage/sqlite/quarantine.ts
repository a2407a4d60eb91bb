import { closeSync, existsSync, fsyncSync, openSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Log } from '#domain/ports/log.ts'
import { makeDirectorySync } from '#system/files/file-system.ts'
import { connect } from './connection.ts'
import { salvage } from './salvage/salvage.ts'
import type { Salvaged } from './salvage/salvaged-rows.ts'
import type { WalScan } from './salvage/wal.ts'
import { migrate } from './schema.ts'

const DATABASE = 'journal.db'
const LOG = 'journal.db-wal'
/** Being filled; worthless until it is called `READY`. */
const FILLING = 'journal.db.salvage'
const READY = 'journal.db.salvaged'
const PREFIX = 'quarantine-'

/**
 * Puts a database of the rows that still verify in the place of a damaged one, which moves to `quarantine-<time>` with its log.
 * A crash at any point leaves either the damaged one in place or what `finishReplacing` can finish.
 */
export const replaceDamaged = (directory: string, damage: string, wal: WalScan | undefined, log: Log): void => {
  for (const name of [FILLING, `${FILLING}-wal`, READY]) rmSync(join(directory, name), { force: true })
  const filling = connect(join(directory, FILLING))
  let salvaged: Salvaged
  try {
    migrate(filling, 0)
    salvaged = salvage(join(directory, DATABASE), wal, filling)
    filling.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()
  } catch (error) {
    for (const name of [FILLING, `${FILLING}-wal`]) rmSync(join(directory, name), { force: true })
    throw error
  } finally {
    filling.close()
  }
  renameSync(join(directory, FILLING), join(directory, READY))
  const quarantine = makeQuarantine(directory)
  if (wal !== undefined) writeFileSync(join(quarantine, LOG), wal.bytes)
  renameSync(join(directory, DATABASE), join(quarantine, DATABASE))
  putInPlace(directory, quarantine)
  log.error('the journal was damaged; the rows that verify were saved and the damaged files set aside', {
    damage,
    quarantine,
    ...salvaged,
  })
}

/** Finishes what a crash interrupted; does nothing otherwise. */
export const finishReplacing = (directory: string, log: Log): void => {
  if (existsSync(join(directory, DATABASE)) || !existsSync(join(directory, READY))) return
  const quarantine = makeQuarantine(directory)
  putInPlace(directory, quarantine)
  log.error('the journal was damaged; saving the rows that verify was interrupted and is finished now', { quarantine })
}

/** The damaged log must be gone before the new database is there: SQLite would apply it. */
const putInPlace = (directory: string, quarantine: string): void => {
  const left = join(directory, LOG)
  if (existsSync(join(quarantine, LOG))) rmSync(left, { force: true })
  else if (existsSync(left)) renameSync(left, join(quarantine, LOG))
  renameSync(join(directory, READY), join(directory, DATABASE))
  syncDirectory(directory)
}

/** Makes the names in a directory durable. SQLite tries that too, but does not say when it fails. */
export const syncDirectory = (directory: string): void => {
  const fd = openSync(directory, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** The names of what was ever set aside there, and is there still. */
export const quarantinesIn = (directory: string | undefined): readonly string[] =>
  directory === undefined || !existsSync(directory)
    ? []
    : readdirSync(directory).filter((name) => name.startsWith(PREFIX))

const makeQuarantine = (directory: string): string => {
  const quarantine = join(directory, `${PREFIX}${new Date().toISOString().replaceAll(':', '')}`)
  makeDirectorySync(quarantine)
  return quarantine
}
