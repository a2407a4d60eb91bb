import { once } from 'node:events'
import { connect } from 'node:net'
import { answerOf, Receiver, sendBytes, someBytes } from './body.ts'

export interface TransferLoad {
  readonly port: number
  readonly bytes: number
  /** Whether somebody else in the room receives the file. */
  readonly received: boolean
  /** `tamtam`: the line protocol. `copy`: the raw copy yardstick's. */
  readonly server: 'tamtam' | 'copy'
}

export interface TransferResult {
  /** From the first byte sent to the server's word that it has the file. */
  readonly uploadMs: number
  /** From the first byte sent to the last one received; undefined without a receiver. */
  readonly relayMs: number | undefined
}

/** One file up, and down again to one receiver, every byte compared. */
export async function runTransfer({ port, bytes, received, server }: TransferLoad): Promise<TransferResult> {
  const block = someBytes()
  const ours = server === 'tamtam'
  const begin = ours ? /(?:^|\n)SEND bench\.bin\n/ : /(?:^|\n)file\n/
  const reception = { port, secure: false, request: ours ? '/files inline\n' : 'GET\n', begin, bytes, compareEvery: 1 }
  const sender = connect(port, '127.0.0.1')
  const receiver = received ? new Receiver(reception, block) : undefined
  try {
    await once(sender, 'connect')
    await receiver?.ready
    const started = performance.now()
    const answered = answerOf(sender, ours ? / is in the room/ : /kept/, /^!/m)
    sender.write(ours ? `/put ${bytes} bench.bin\n` : `PUT ${bytes}\n`)
    await sendBytes(sender, block, 0, bytes)
    await answered
    const uploadMs = performance.now() - started
    await receiver?.done
    return { uploadMs, relayMs: receiver === undefined ? undefined : performance.now() - started }
  } finally {
    sender.destroy()
    receiver?.end()
  }
}
