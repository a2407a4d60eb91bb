import { listenerDefaults } from '#app/defaults.ts'
import { maxConnections } from '#server/listener/listener.ts'
import { bad, type Finding, ok, warning } from './finding.ts'

const FIRST_YEAR = 2025
const LAST_YEAR = 2100
/** A clock that is set while we look moves by more than this. */
const JUMP_MS = 1000

export const nodeVersion = (): Finding => ok('node', `${process.version} with SQLite ${process.versions['sqlite']}`)

/** `sinceStart` and `elapsedSinceStart`: what the time of day and the time that passes have counted between two looks. */
export function clock(now: number, sinceStart: number, elapsedSinceStart: number): Finding {
  const year = new Date(now).getUTCFullYear()
  if (year < FIRST_YEAR || year > LAST_YEAR)
    return bad('clock', `this machine says it is the year ${year}`, 'set its clock: files are kept for days by it')
  if (Math.abs(sinceStart - elapsedSinceStart) > JUMP_MS)
    return warning(
      'clock',
      'the time of day has jumped while we looked',
      'see whether something sets it again and again',
    )
  return ok('clock', new Date(now).toISOString())
}

export function openFiles(): Finding {
  const wanted = listenerDefaults.connections
  const most = maxConnections(wanted)
  if (most >= wanted) return ok('open files', `enough for ${wanted} connections`)
  return warning('open files', `the limit lets ${most} of ${wanted} connections in`, 'raise it with ulimit -n 16384')
}

export function terminal(stdout: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): Finding {
  const term = env['TERM']
  if (stdout.isTTY !== true) return ok('terminal', 'none: one line an event')
  if (term === undefined || term === '' || term === 'dumb')
    return warning('terminal', 'its cursor does not move: one line an event', 'set TERM to what it is')
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || ''
  if (process.platform !== 'win32' && !/utf-?8/i.test(locale))
    return warning('terminal', `${term}, and the locale does not say UTF-8`, 'set LANG to one that does')
  return ok('terminal', `${term}, UTF-8`)
}
