import { spawnSync } from 'node:child_process'
import { cpus, release, totalmem, type } from 'node:os'

/** What the figures were measured on. */
export interface Machine {
  readonly date: string
  readonly processor: string
  readonly system: string
  readonly node: string
  readonly commit: string
}

export function thisMachine(): Machine {
  const processors = cpus()
  const model = processors[0]?.model.trim() ?? 'unknown processor'
  const memory = Math.round(totalmem() / 1024 ** 3)
  return {
    date: new Date().toISOString().slice(0, 10),
    processor: `${processors.length} × ${model}, ${memory} GiB`,
    system: `${type()} ${release()}`,
    node: process.version,
    commit: commit(),
  }
}

function commit(): string {
  const head = git('rev-parse', '--short', 'HEAD')
  if (head === undefined) return 'unknown'
  return git('status', '--porcelain', '--', 'src') === '' ? head : `${head} and changes`
}

function git(...args: string[]): string | undefined {
  const asked = spawnSync('git', args, { encoding: 'utf8' })
  return asked.status === 0 ? asked.stdout.trim() : undefined
}
