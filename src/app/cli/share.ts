import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { defaultDataDirectory } from '#app/config.ts'
import { clientDefaults } from '#app/defaults.ts'
import type { ApiClient } from '#client/api-client.ts'
import type { Endpoint } from '#client/endpoint.ts'
import { isRefusal, type Refusal } from '#client/errors.ts'
import { fileLink, listRooms } from '#client/queries.ts'
import { Retries } from '#client/retries.ts'
import { forTerminal } from '#domain/names/text.ts'
import type { MentionedFile } from '#domain/room/events.ts'
import { linkTo } from '#i18n/format.ts'
import { languageOf, translatorFor } from '#i18n/i18n.ts'
import type { Translator } from '#i18n/translator.ts'
import { isLoopback } from '#server/connection/incoming-connection.ts'
import { DiskSecretStore } from '#storage/disk/secret-store.ts'
import { reachable } from '#system/network.ts'
import type { FileLink } from '#terminal/ports.ts'
import { type Paint, themes, unpainted } from '#terminal/rows.ts'
import { apiOf, print, type RoomTarget, reportFirstRetry, runShowing, targetOf } from './command.ts'
import { refused } from './failures.ts'
import { linkBase, shareRows, withCode } from './greeting.ts'

/** `tamtam share`. */
export const runShare = (address: string): Promise<void> =>
  runShowing(async () => {
    const target = targetOf(address, process.env)
    const token = target.token ?? (isHere(target) ? await ownToken() : undefined)
    const shown = token === undefined ? target : { ...target, token }
    const api = apiOf(shown)
    try {
      const rooms = await new Retries(clientDefaults, { report: reportFirstRetry }).until(() => listRooms(api))
      if (isRefusal(rooms)) throw refused(api.http.at, rooms)
      const paint = process.stdout.isTTY !== true ? unpainted : process.env['NO_COLOR'] ? themes.mono : themes.colour
      for (const row of await shareOf(api, shown, paint, translatorFor(languageOf(process.env), forTerminal)))
        await print(row)
    } finally {
      api.close()
    }
  })

/** The ways into a room for others, as far as a member knows them. */
export async function shareOf(
  api: ApiClient,
  { host, port, tls, fingerprint, room, token, endpoint }: RoomTarget,
  paint: Paint,
  words: Translator,
): Promise<readonly string[]> {
  // An invitation is for its person only: with the host's own token there is more to show.
  const isOwn = token !== undefined && !isRefusal(await api.ask('/metrics'))
  const publicUrl = publicUrlOf(endpoint)
  const facts = {
    host,
    port,
    url: '',
    room,
    ...(fingerprint === undefined ? {} : { fingerprint }),
    ...(tls ? { tls: true as const } : {}),
    ...(isOwn ? { token } : {}),
    isTokenKept: true,
    ...(publicUrl === undefined ? {} : { publicUrl }),
    reachable: isHere({ host }) && publicUrl === undefined ? await answering(port) : [host],
    qr: [],
  }
  return shareRows(await withCode(facts, process), words, paint)
}

/** The link of a file, at an address of this host that works for others, if there is one. */
export async function linkFor(
  api: ApiClient,
  target: Pick<RoomTarget, 'host' | 'port' | 'tls'>,
  file: MentionedFile,
): Promise<FileLink | Refusal> {
  const made = await fileLink(api, file.id)
  if (isRefusal(made)) return made
  const { base } = api.http
  if (!isHere(target)) return { url: linkTo(base, made.url), onlyHere: false }
  const [address] = await answering(target.port)
  const at =
    address === undefined ? base : linkBase({ address, port: target.port, ...(target.tls ? { tls: true } : {}) })
  return { url: linkTo(at, made.url), onlyHere: address === undefined }
}

/**
 * A host itself has no base path, and is rarely at the ports of the web. There, a proxy is in between, which passes no other protocol
 * on.
 */
function publicUrlOf({ http, base, basePath, port }: Endpoint): string | undefined {
  if (!http || (basePath === '' && port !== 80 && port !== 443)) return undefined
  // Without the default port.
  return new URL(base).href.replace(/\/$/, '')
}

const isHere = ({ host }: { readonly host: string }): boolean => host === 'localhost' || isLoopback(host)

/** The token of a host on this machine, if it is kept in the usual place. */
const ownToken = (): Promise<string | undefined> =>
  new DiskSecretStore(defaultDataDirectory(process.env)).read('token').catch(() => undefined)

const ANSWER_MS = 500

/** Addresses of this machine for others on which the port is open as well. */
async function answering(port: number): Promise<readonly string[]> {
  const addresses = reachable(networkInterfaces(), '::')
  const answers = await Promise.all(addresses.map((host) => isListening(host, port)))
  return addresses.filter((_, index) => answers[index])
}

function isListening(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: ANSWER_MS })
    const ended = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', () => ended(true))
    socket.once('error', () => ended(false))
    socket.once('timeout', () => ended(false))
  })
}
