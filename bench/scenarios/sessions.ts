import type { FanoutResult } from '../load/fanout.ts'
import { figure, type Section } from '../report/section.ts'
import { contenders } from '../run/contenders.ts'
import { alternate, ratio, typical } from '../run/rounds.ts'
import type { Bench } from '../run/settings.ts'
import { fanOut, type Shape, titleOf } from './fanout.ts'

const SHAPES: readonly Shape[] = [
  { members: 100, senders: 1, window: 64 },
  { members: 100, senders: 10, window: 16 },
]

/** Fan-out over frames and WebSockets, beside the line door and a Socket.IO server that does the same. */
export async function sessions(bench: Bench): Promise<readonly Section[]> {
  const { memory, frames, websocket, 'socket.io': socketIo } = contenders(bench.processes)
  const taking = [memory, frames, websocket, socketIo]
  const sections: Section[] = []
  for (const shape of SHAPES) {
    bench.say(`sessions: ${titleOf(shape)}`)
    const rounds = await alternate(bench.settings.rounds, taking, fanOut(bench, shape))
    const rate = (result: FanoutResult) => result.deliveriesPerSecond
    const cpu = (result: FanoutResult) => result.cpuUs
    sections.push({
      title: `Sessions, 64-byte texts: ${titleOf(shape)}`,
      head: ['server', 'deliveries/s', 'CPU µs/delivery', 'p50 ms', 'p99 ms', '× Socket.IO', 'generator CPU'],
      rows: taking.map(({ name }) => [
        name === 'memory' ? 'line' : name,
        figure(typical(rounds, name, rate)),
        figure(typical(rounds, name, cpu)),
        figure(typical(rounds, name, (result) => result.p50Ms)),
        figure(typical(rounds, name, (result) => result.p99Ms)),
        figure(ratio(rounds, name, 'socket.io', rate)),
        figure(typical(rounds, name, (result) => result.generatorShare)),
      ]),
      findings: [
        { what: 'frames to line', value: ratio(rounds, 'frames', 'memory', rate), unit: ' ×' },
        { what: 'WebSocket to frames', value: ratio(rounds, 'websocket', 'frames', rate), unit: ' ×' },
        {
          what: 'WebSocket to Socket.IO',
          value: ratio(rounds, 'websocket', 'socket.io', rate),
          unit: ' ×',
          target: { atLeast: 1 },
        },
        {
          what: 'Socket.IO to WebSocket, processor time for each delivery',
          value: ratio(rounds, 'socket.io', 'websocket', cpu),
          unit: ' ×',
          target: { atLeast: 1 },
        },
      ],
      notes: [],
      raw: Object.fromEntries(rounds),
    })
  }
  return sections
}
