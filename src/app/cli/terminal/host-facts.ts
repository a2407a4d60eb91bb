import { networkInterfaces } from 'node:os'
import type { HostConfig } from '#app/config.ts'
import type { Tamtam } from '#app/index.ts'
import { wantsToken } from '#app/lan.ts'
import { reachable } from '#system/network.ts'
import { type HostAddress, type HostFacts, pageLink } from '#terminal/pipes/greeting.ts'
import { qrLines } from '#terminal/pipes/qr.ts'

const COLUMNS = 80

/** What a host that has begun tells of itself. */
export async function hostFacts(
  tamtam: Tamtam,
  config: HostConfig,
  address: HostAddress,
  { env, stdout }: NodeJS.Process,
): Promise<HostFacts> {
  const { token } = tamtam
  const facts = {
    ...address,
    room: config.room,
    isTokenKept: !config.ephemeral,
    ...(token === undefined ? {} : { token }),
  }
  const isWide = address.host === '::' || address.host === '0.0.0.0'
  if (!isWide && !wantsToken(config) && !config.open) return { ...facts, reachable: [], qr: [] }
  const found = reachable(networkInterfaces(), address.host)
  // Without a network there is still this machine.
  const addresses = found.length > 0 ? found : ['127.0.0.1']
  const isDrawn = stdout.isTTY === true && !config.plain && !config.json && !config.quiet
  return {
    ...facts,
    reachable: addresses,
    qr: isDrawn ? await qrOf(pageLink({ ...facts, address: addresses[0] ?? '' }), env, stdout.columns ?? COLUMNS) : [],
  }
}

/** Only here: a host that shows none does without what makes them. */
async function qrOf(link: string, env: NodeJS.ProcessEnv, columns: number): Promise<readonly string[]> {
  const { default: code } = await import('qrcode')
  const { modules } = code.create(link, { errorCorrectionLevel: 'L' })
  return qrLines(modules, canDrawBlocks(env) ? 'blocks' : 'ascii', Math.min(columns, COLUMNS))
}

function canDrawBlocks({ TERM, LC_ALL, LC_CTYPE, LANG }: NodeJS.ProcessEnv): boolean {
  const locale = LC_ALL || LC_CTYPE || LANG || ''
  return TERM !== 'dumb' && /utf-?8/i.test(locale)
}
