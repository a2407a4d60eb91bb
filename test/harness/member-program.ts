import { once } from 'node:events'
import { connect } from 'node:net'
import { parentPort, workerData } from 'node:worker_threads'

// One member in a thread of its own: says numbered lines as fast as the host takes them, or reads them, and counts.

export type CrowdOrder =
  | { readonly type: 'speak'; readonly from: number; readonly to: number }
  | { readonly type: 'read' }
export type CrowdNews =
  | { readonly type: 'in' }
  /** Every line before this number arrived, in order, each once. */
  | { readonly type: 'read'; readonly next: number }
  | { readonly type: 'wrong'; readonly line: string; readonly next: number }

const { port, room, stalled } = workerData as { port: number; room: string; stalled: boolean }
const tell = (news: CrowdNews) => parentPort?.postMessage(news)
const LINES_A_BLOCK = 1000

const socket = connect({ port, host: '127.0.0.1' })
await once(socket, 'connect')
socket.write(`/files links\n/join ${room}\n`)

let next = 0
let text = ''
let status: 'coming' | 'in' | 'wrong' = 'coming'

socket.on('data', (bytes) => {
  text += bytes.toString('latin1')
  const lines = text.split('\n')
  text = lines.pop() ?? ''
  for (const line of lines) if (status !== 'wrong') read(line)
  if (status === 'in') tell({ type: 'read', next })
})

function read(line: string): void {
  if (status === 'coming') {
    if (!line.includes(` in ${room}: `)) return
    status = 'in'
    if (stalled) socket.pause()
    tell({ type: 'in' })
    return
  }
  if (!line.startsWith('<')) return
  if (line.startsWith(`<127.0.0.1> ${next} `)) next++
  else {
    status = 'wrong'
    tell({ type: 'wrong', line, next })
  }
}

async function speak(from: number, to: number): Promise<void> {
  const filling = 'x'.repeat(50)
  for (let at = from; at < to; at += LINES_A_BLOCK) {
    const count = Math.min(LINES_A_BLOCK, to - at)
    const block = Array.from({ length: count }, (_, index) => `${at + index} ${filling}\n`).join('')
    if (!socket.write(block)) await once(socket, 'drain')
  }
}

parentPort?.on('message', (order: CrowdOrder) => {
  if (order.type === 'read') socket.resume()
  else void speak(order.from, order.to)
})
