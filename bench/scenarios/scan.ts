import { unpack } from 'msgpackr'
import { type ClientMessage, clientMessageLimits, encodeMessage } from '#protocol/messages.ts'
import { prescan } from '#protocol/prescan.ts'
import { finding, noTable, type Section } from '../report/section.ts'
import { median } from '../run/rounds.ts'
import type { Bench } from '../run/settings.ts'

const TIMES = 1_000_000
const MESSAGES: readonly ClientMessage[] = [
  { type: 'ping', ref: 7 },
  { type: 'join', room: 'lobby' },
  { type: 'command', command: { type: 'say', text: 'halo' } },
  { type: 'leave' },
]

/** The cost of checking each message before it is decoded, beside decoding it. */
export async function scan({ settings, report }: Bench): Promise<readonly Section[]> {
  report('scan: small messages')
  const samples = MESSAGES.map((message) => encodeMessage(message))
  const rounds = Array.from({ length: settings.rounds + 1 }, () => ({
    scanned: rateOf(samples, (bytes) => prescan(bytes, clientMessageLimits.items)),
    unpacked: rateOf(samples, (bytes) => unpack(bytes)),
    // The first warms up.
  })).slice(1)
  const scanned = median(rounds.map((round) => round.scanned))
  return [
    {
      title: 'Scan: small messages before they are decoded, in processor time',
      ...noTable,
      findings: [
        finding('scanned', scanned, ' a second', { atLeast: 5_000_000 }),
        finding('scanned to unpacked', median(rounds.map((round) => round.scanned / round.unpacked))),
      ],
      notes: [],
      raw: rounds,
    },
  ]
}

/** Messages for each second of this process's own processor time. */
function rateOf(samples: readonly Uint8Array[], read: (bytes: Uint8Array) => unknown): number {
  const began = process.cpuUsage()
  for (let index = 0; index < TIMES; index++) read(samples[index % samples.length] as Uint8Array)
  const { user, system } = process.cpuUsage(began)
  return (TIMES / (user + system)) * 1e6
}
