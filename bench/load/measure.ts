import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'

/** `getconf CLK_TCK` is 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100
const SAMPLE_MS = 20

export interface Usage {
  readonly seconds: number
  /** Processor time of the measured process and of all that it started; undefined where there is no /proc. */
  readonly cpuSeconds: number | undefined
  /** Share of one processor that this process used: near 1 means that it, not the server, was the limit. */
  readonly ownShare: number
  /** Processors that all other programs kept busy meanwhile; undefined where there is no /proc. */
  readonly otherShare: number | undefined
}

/** Processor time of a process and its descendants, from its making until `read`. */
export class Meter {
  readonly #pid: number
  readonly #began: number = performance.now()
  readonly #own = process.cpuUsage()
  readonly #cpu: number | undefined
  readonly #all: number | undefined = machineSeconds()

  constructor(pid: number) {
    this.#pid = pid
    this.#cpu = processorSeconds(pid)
  }

  read(): Usage {
    const seconds = (performance.now() - this.#began) / 1000
    const { user, system } = process.cpuUsage(this.#own)
    const cpuSeconds = less(processorSeconds(this.#pid), this.#cpu)
    const others = less(less(machineSeconds(), this.#all), cpuSeconds)
    const otherShare = others === undefined ? undefined : Math.max(0, others) / seconds
    return { seconds, cpuSeconds, ownShare: (user + system) / 1e6 / seconds, otherShare }
  }
}

const less = (one: number | undefined, other: number | undefined): number | undefined =>
  one === undefined || other === undefined ? undefined : one - other

/** Processor seconds of a process and all it has started, also of those that have ended; undefined where there is no /proc. */
function processorSeconds(pid: number): number | undefined {
  if (statOf(pid) === undefined) return undefined
  return familyOf(pid).reduce((sum, each) => {
    // utime, stime, and those of children that were waited for.
    const [user, system, user2, system2] = statOf(each)?.slice(11, 15).map(Number) ?? [0, 0, 0, 0]
    return sum + (user! + system! + user2! + system2!) / TICKS_PER_SECOND
  }, 0)
}

/** A process and its descendants, each behind its parent. */
export function familyOf(pid: number): readonly number[] {
  if (statOf(pid) === undefined) return [pid]
  const children = Map.groupBy(
    readdirSync('/proc').filter((name) => /^\d+$/.test(name)),
    (name) => Number(statOf(Number(name))?.[1]),
  )
  const family = [pid]
  for (const each of family) family.push(...(children.get(each) ?? []).map(Number))
  return family
}

/** The fields of /proc/<pid>/stat behind the name: state, parent … */
function statOf(pid: number): readonly string[] | undefined {
  const stat = read(`/proc/${pid}/stat`)
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
}

/** Processor seconds of all processes of this machine. */
function machineSeconds(): number | undefined {
  const fields = read('/proc/stat')?.split('\n')[0]?.split(/\s+/).slice(1).map(Number)
  if (fields === undefined) return undefined
  const [user = 0, nice = 0, system = 0, , , irq = 0, softIrq = 0] = fields
  return (user + nice + system + irq + softIrq) / TICKS_PER_SECOND
}

/** Resident bytes; NaN where there is no /proc. */
export function residentBytes(pid: number): number {
  const found = /^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`) ?? '')
  return found === null ? Number.NaN : Number(found[1]) * 1024
}

/** The result of `act`, and the most resident bytes of a process meanwhile. */
export async function withPeak<Result>(pid: number, act: () => Promise<Result>): Promise<[Result, number]> {
  let peak = residentBytes(pid)
  const sampling = setInterval(() => {
    peak = Math.max(peak, residentBytes(pid))
  }, SAMPLE_MS)
  try {
    return [await act(), peak]
  } finally {
    clearInterval(sampling)
  }
}

/** The most files that this process may have open, where the system says so. */
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

/** Waits for a condition; throws `otherwise` after `patienceMs`. */
export async function until(
  reached: () => boolean | Promise<boolean>,
  otherwise: string,
  patienceMs: number,
): Promise<void> {
  const deadline = performance.now() + patienceMs
  while (!(await reached())) {
    if (performance.now() > deadline) throw new Error(otherwise)
    await pause(2)
  }
}
