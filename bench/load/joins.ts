import { Histogram } from './histogram.ts'
import { Member, ReadArea } from './member.ts'

export interface JoinsLoad {
  readonly port: number
  readonly joins: number
}

export interface JoinsResult {
  readonly p50Ms: number
  /** From the first connection attempt, which all make at once, to the last welcome. */
  readonly longestMs: number
}

const PATIENCE_MS = 30_000

/** Everybody comes at once; each waits for the line that welcomes it. */
export async function runJoins({ port, joins }: JoinsLoad): Promise<JoinsResult> {
  const area = new ReadArea()
  const waits = new Histogram()
  const members: Member[] = []
  const started = performance.now()
  let late: NodeJS.Timeout | undefined
  try {
    await new Promise<void>((resolve, reject) => {
      late = setTimeout(() => reject(new Error(`only ${waits.count} of ${joins} were let in`)), PATIENCE_MS)
      const welcomed = new Set<number>()
      const take = (member: Member, bytes: Buffer, from: number, to: number): number => {
        const end = bytes.lastIndexOf(0x0a, to - 1) + 1
        if (end <= from) return from
        if (welcomed.has(member.index) || !bytes.toString('latin1', from, end).includes('* you are ')) return end
        welcomed.add(member.index)
        waits.add(performance.now() - started)
        if (welcomed.size === joins) resolve()
        return end
      }
      for (let index = 0; index < joins; index++) {
        const member = new Member({ index, port }, area, take, reject)
        members.push(member)
        // A first line, as a person's client sends one: a silent peer would be waited for.
        member.socket.write('/files inline\n')
      }
    })
    return { p50Ms: waits.quantile(0.5), longestMs: waits.most }
  } finally {
    clearTimeout(late)
    for (const member of members) member.leave()
  }
}
