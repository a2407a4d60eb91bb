import { readFileSync } from 'node:fs'

/** Open files that are kept for stores, files on their way, and the process itself. */
const KEPT = 256

/** How many connections may be open: as many as wanted, where the process may have as many open files. */
export function maxConnections(wanted: number): number {
  const limit = openFileLimit()
  return limit === undefined ? wanted : Math.max(16, Math.min(wanted, limit - Math.min(KEPT, Math.floor(limit / 2))))
}

/** The soft limit of this process, where the system tells it (Linux). */
function openFileLimit(): number | undefined {
  try {
    const found = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))
    return found?.[1] === undefined ? undefined : Number(found[1])
  } catch {
    // Not Linux: the system has no such file, and nothing else tells the limit.
    return undefined
  }
}
