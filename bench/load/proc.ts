import { readFileSync } from 'node:fs'

/** `getconf CLK_TCK` is 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100

/** Processor seconds that a process has used, all its threads together; undefined where there is no /proc. */
export function processorSeconds(pid: number): number | undefined {
  const stat = read(`/proc/${pid}/stat`)
  if (stat === undefined) return undefined
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

/** Processor seconds that all processes of this machine have used; undefined where there is no /proc. */
export function machineSeconds(): number | undefined {
  const fields = read('/proc/stat')?.split('\n')[0]?.split(/\s+/).slice(1).map(Number)
  if (fields === undefined) return undefined
  const [user = 0, nice = 0, system = 0, , , irq = 0, softIrq = 0] = fields
  return (user + nice + system + irq + softIrq) / TICKS_PER_SECOND
}

/** Resident bytes; undefined where there is no /proc. */
export function residentBytes(pid: number): number | undefined {
  const found = /^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`) ?? '')
  return found === null ? undefined : Number(found[1]) * 1024
}

/** Files that this process may have open, where the system says so. */
export function openFileLimit(): number | undefined {
  const found = /^Max open files\s+(\d+)/m.exec(read('/proc/self/limits') ?? '')
  return found === null ? undefined : Number(found[1])
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    // Not Linux, or the process is gone: then there is no figure.
    return undefined
  }
}
