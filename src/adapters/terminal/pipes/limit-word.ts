import type { Bandwidth } from '#domain/engine/bandwidth.ts'
import { bytesOf, sizeText } from '#server/connection/wording.ts'

/** `/limit`, `/limit 5M`, `/limit each off`: changes what transfers may take of the network; answers what to say. */
export function limitWord(rest: string, bandwidth: Bandwidth): string {
  const [, each, amount] = /^(each\b)? *(\S*)$/.exec(rest.trim()) ?? []
  if (amount === undefined) return usage
  if (amount === '') return each === undefined ? stateOf(bandwidth) : usage
  const bytes = amount === 'off' ? 0 : bytesOf(amount)
  if (bytes === undefined) return usage
  bandwidth.set(each === undefined ? { host: bytes } : { transfer: bytes })
  return stateOf(bandwidth)
}

const usage =
  '! BAD_COMMAND type /limit 5M, /limit each 1M or /limit off: bytes a second, for all transfers or for each'

function stateOf({ caps }: Bandwidth): string {
  const rate = (bytes: number) => (bytes === 0 ? 'without a limit' : `at most ${sizeText(bytes)}/s`)
  return `* transfers: ${rate(caps.host)} together, ${rate(caps.transfer)} each`
}
