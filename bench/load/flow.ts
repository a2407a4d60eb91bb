import { someBytes } from './body.ts'
import { download, type Flow, patch, put, relay, tusJs } from './flows.ts'
import { processorSeconds, residentBytes } from './proc.ts'

export type FlowKind = 'put' | 'patch' | 'tusJs' | 'download' | 'relay'

export interface FlowLoad extends Pick<Flow, 'port' | 'wire' | 'bytes' | 'receivers' | 'secure'> {
  /** The server's process, for its processor time and memory. */
  readonly pid: number
  readonly kind: FlowKind
  /** A first file, which brings the server's code and heap to their working state. */
  readonly warmUpBytes: number
}

export interface FlowResult {
  readonly megabytesPerSecond: number
  /** Processor seconds that the server took for a gigabyte, all its threads together; undefined where there is no /proc. */
  readonly cpuSeconds: number | undefined
  readonly growthBytes: number
  /** Share of one processor that the client used: near 1, it was the limit. */
  readonly clientShare: number
}

const KINDS: Readonly<Record<FlowKind, (flow: Flow) => Promise<void>>> = { put, patch, tusJs, download, relay }
const SAMPLE_MS = 20

/** One file, after a shorter one: how quick it was, from its first byte until all who are to have it have it. */
export async function runFlow({ pid, kind, warmUpBytes, ...load }: FlowLoad): Promise<FlowResult> {
  const block = someBytes()
  await KINDS[kind]({ ...load, bytes: load.wire === 'plain' ? load.bytes : warmUpBytes, block, begin, end: begin })
  const resident = () => residentBytes(pid) ?? Number.NaN
  const before = resident()
  let most = before
  const sampling = setInterval(() => {
    most = Math.max(most, resident())
  }, SAMPLE_MS)
  const marks: Mark[] = []
  const mark = () => void marks.push(markOf(pid))
  await KINDS[kind]({ ...load, block, begin: mark, end: mark }).finally(() => clearInterval(sampling))
  const [first, last] = marks
  if (first === undefined || last === undefined) throw new Error('nothing was measured')
  const seconds = (last.at - first.at) / 1000
  return {
    megabytesPerSecond: load.bytes / 1e6 / seconds,
    cpuSeconds: first.server === undefined ? undefined : (((last.server ?? 0) - first.server) / load.bytes) * 1e9,
    growthBytes: most - before,
    clientShare: (last.own - first.own) / seconds,
  }
}

interface Mark {
  readonly at: number
  readonly server: number | undefined
  readonly own: number
}

function markOf(pid: number): Mark {
  const { user, system } = process.cpuUsage()
  return { at: performance.now(), server: processorSeconds(pid), own: (user + system) / 1e6 }
}

const begin = () => {}
