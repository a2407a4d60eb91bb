import { unpack } from 'msgpackr'
import { type ClientMessage, clientMessageLimits, encodeMessage } from '#protocol/messages.ts'
import { prescan } from '#protocol/prescan.ts'
import { atLeast, type Comparison, plain, ratio, told } from '../run/compare.ts'
import type { Bench } from '../run/settings.ts'

const MESSAGES: readonly ClientMessage[] = [
  { type: 'ping', ref: 7 },
  { type: 'join', room: 'lobby' },
  { type: 'command', command: { type: 'say', text: 'halo' } },
  { type: 'leave' },
]

/** The cost of checking each message before it is decoded, beside decoding it. */
export async function* scan(bench: Bench): AsyncGenerator<Comparison> {
  const samples = MESSAGES.map((message) => encodeMessage(message))
  const contender = (name: string, read: (bytes: Uint8Array) => unknown) => ({
    name,
    measure: async () => {
      // The first time warms up.
      rateOf(samples, bench.settings.sizes.scans, read)
      return { 'messages/s': rateOf(samples, bench.settings.sizes.scans, read) }
    },
  })
  yield {
    id: 'scan',
    title: 'Scan: small messages before they are decoded, in processor time',
    contenders: [
      contender('scanned', (bytes) => prescan(bytes, clientMessageLimits.items)),
      contender('unpacked', (bytes) => unpack(bytes)),
    ],
    columns: ['messages/s'],
    targets: [
      atLeast(5_000_000, 'scanned', plain('messages/s', 'scanned'), ' a second'),
      told('scanned to unpacked', ratio('messages/s', 'scanned', 'unpacked')),
    ],
  }
}

/** Messages for each second of this process's own processor time. */
function rateOf(samples: readonly Uint8Array[], times: number, read: (bytes: Uint8Array) => unknown): number {
  const began = process.cpuUsage()
  for (let index = 0; index < times; index++) read(samples[index % samples.length] as Uint8Array)
  const { user, system } = process.cpuUsage(began)
  return (times / (user + system)) * 1e6
}
