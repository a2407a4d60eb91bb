/** How the host is doing at one moment, as it tells (`GET /status/facts`). */
export interface Facts {
  readonly upMs: number
  readonly memoryBytes: number
  /** By which SSH clients know the host. */
  readonly sshFingerprint: string
  /** Of files, in bytes; 0 is no limit but the disk. */
  readonly space: {
    readonly maxFileBytes: number
    readonly hostQuotaBytes: number
    readonly roomQuotaBytes: number
    /** 0: for ever. */
    readonly fileDays: number
    readonly bytesLeft?: number
  }
  readonly rooms: readonly { readonly name: string; readonly members: number; readonly last: number }[]
  readonly transfers: readonly {
    readonly id: string
    readonly room: string
    readonly by: string
    readonly name: string
    readonly status: 'arriving' | 'paused' | 'whole' | 'withdrawn'
    readonly offset: number
    readonly size?: number
  }[]
  /** Of `/metrics`, by name. */
  readonly values: Readonly<Record<string, number>>
}

/** A chart's value for the time between two samples; undefined where there was nothing to measure. */
export interface Reading {
  readonly people: number
  readonly connections: number
  readonly messagesPerSecond: number
  readonly receivedPerSecond: number
  readonly sentPerSecond: number
  readonly memoryBytes: number
  readonly commitMs: number | undefined
  /** 99 of 100 commits took at most this. */
  readonly slowCommitMs: number | undefined
}

const BUCKET = /^tamtam_commit_ms_bucket\{le="(.+)"\}$/

export function readingOf(before: Facts, now: Facts): Reading {
  const seconds = Math.max(0.001, (now.upMs - before.upMs) / 1000)
  const value = (facts: Facts, name: string) => facts.values[`tamtam_${name}`] ?? 0
  const grown = (name: string) => value(now, name) - value(before, name)
  const said = ({ rooms }: Facts) => rooms.reduce((sum, { last }) => sum + last, 0)
  const commits = grown('commit_ms_count')
  return {
    people: now.rooms.reduce((sum, { members }) => sum + members, 0),
    connections: value(now, 'connections'),
    messagesPerSecond: Math.max(0, said(now) - said(before)) / seconds,
    receivedPerSecond: Math.max(0, grown('received_bytes_total')) / seconds,
    sentPerSecond: Math.max(0, grown('sent_bytes_total')) / seconds,
    memoryBytes: now.memoryBytes,
    commitMs: commits > 0 ? grown('commit_ms_sum') / commits : undefined,
    slowCommitMs: commits > 0 ? slowest(before, now, commits) : undefined,
  }
}

/** The least bucket under which 99 of 100 commits of this time lie. */
function slowest(before: Facts, now: Facts, commits: number): number | undefined {
  const upTo = Object.keys(now.values)
    .flatMap((name) => {
      const [, limit] = BUCKET.exec(name) ?? []
      return limit === undefined ? [] : [{ limit: Number(limit.replace('+Inf', 'Infinity')), name }]
    })
    .sort((one, other) => one.limit - other.limit)
  const found = upTo.find(({ name }) => (now.values[name] ?? 0) - (before.values[name] ?? 0) >= commits * 0.99)
  return found === undefined || !Number.isFinite(found.limit) ? undefined : found.limit
}
