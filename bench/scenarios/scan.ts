import { unpack } from 'msgpackr'
import { type ClientMessage, clientMessageLimits, encodeMessage } from '#protocol/messages.ts'
import { prescan } from '#protocol/prescan.ts'
import type { Section } from '../report/section.ts'
import { median } from '../run/rounds.ts'
import type { Bench } from '../run/settings.ts'

const TIMES = 1_000_000
const MESSAGES: readonly ClientMessage[] = [
  { type: 'ping', ref: 7 },
  { type: 'join', room: 'lobby' },
  { type: 'command', command: { type: 'say', text: 'halo' } },
  { type: 'leave' },
]

/** What it costs to look over each message before it is decoded, beside decoding it. */
export async function scan({ settings, say }: Bench): Promise<readonly Section[]> {
  say('scan: small messages')
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
      head: [],
      rows: [],
      findings: [
        { what: 'scanned', value: scanned, unit: ' a second', target: { atLeast: 5_000_000 } },
        {
          what: 'scanned to unpacked',
          value: median(rounds.map((round) => round.scanned / round.unpacked)),
          unit: ' ×',
        },
      ],
      notes: [],
      raw: rounds,
    },
  ]
}

/** Messages for each second of this process's own time: others have theirs. */
function rateOf(samples: readonly Uint8Array[], read: (bytes: Uint8Array) => unknown): number {
  const began = process.cpuUsage()
  for (let index = 0; index < TIMES; index++) read(samples[index % samples.length] as Uint8Array)
  const { user, system } = process.cpuUsage(began)
  return (TIMES / (user + system)) * 1e6
}
