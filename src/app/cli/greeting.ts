import { networkInterfaces } from 'node:os'
import type { HostConfig } from '#app/config.ts'
import type { Tamtam } from '#app/tamtam.ts'
import { forTerminal, jsonForTerminal } from '#domain/names/text.ts'
import { localName, reachable } from '#system/network.ts'
import type { Paint } from '#terminal/rows.ts'
import { ownCommand } from './failures.ts'
import { wantsToken } from './host-network.ts'

/** Where the host is, for people to know how to join it. */
export interface HostAddress {
  readonly host: string
  readonly port: number
  readonly url: string
  /** Its fingerprint over TLS, where it speaks nothing else. */
  readonly fingerprint?: string
  /** Set where it speaks TLS, and nobody has told its fingerprint. */
  readonly tls?: true
}

/** The facts about a new host for its greeting. */
export interface HostFacts extends HostAddress {
  readonly room: string
  /** Its addresses for other machines, the likeliest first; none where it is for this machine alone. */
  readonly reachable: readonly string[]
  /** Where its addresses begin behind a proxy, which passes nothing but HTTP. */
  readonly proxyBase?: string
  /** The name of this machine on its networks (mDNS), where it is announced there. */
  readonly localName?: string
  /** How this program is called here; `tamtam` where that is left out. */
  readonly command?: string
  /** The token for joining; left out where none is needed. */
  readonly token?: string
  /** The fingerprint of its key for SSH. */
  readonly sshFingerprint?: string
  /** It is a node of a cluster, which keeps the token. */
  readonly isNode?: boolean
  /** Whether `tamtam token` tells it too. */
  readonly isTokenKept: boolean
  /** The first of the links for browsers, as a code to be photographed. */
  readonly qr: readonly string[]
}

/** A terminal that does not tell its width. */
const COLUMNS = 80

/** Collects the facts of a host that has begun. */
export async function hostFacts(
  tamtam: Tamtam,
  config: HostConfig,
  address: HostAddress,
  process: NodeJS.Process,
): Promise<HostFacts> {
  const { token } = tamtam
  const facts = {
    ...address,
    room: config.room,
    isTokenKept: !config.ephemeral && config.cluster === undefined,
    isNode: config.cluster !== undefined,
    sshFingerprint: tamtam.sshFingerprint,
    command: ownCommand(process.env),
    ...(token === undefined ? {} : { token }),
  }
  const isWide = address.host === '::' || address.host === '0.0.0.0'
  if (!isWide && !wantsToken(config) && !config.open) return { ...facts, reachable: [], qr: [] }
  const found = reachable(networkInterfaces(), address.host)
  // Without a network there is still this machine.
  const addresses = found.length > 0 ? found : ['127.0.0.1']
  const name = config.lan && isWide ? localName() : undefined
  const known = { ...facts, ...(name === undefined ? {} : { localName: name }), reachable: addresses, qr: [] }
  return config.plain || config.json || config.quiet ? known : await withCode(known, process)
}

/** The same facts with the code of their link, where a terminal reads it and other machines reach the host. */
export async function withCode(facts: HostFacts, { env, stdout }: NodeJS.Process): Promise<HostFacts> {
  const [address] = facts.reachable
  if (address === undefined || stdout.isTTY !== true) return { ...facts, qr: [] }
  return { ...facts, qr: await qrOf(pageLink({ ...facts, address }), env, stdout.columns ?? COLUMNS) }
}

/** Imported here only: a host that shows no QR code does without the package. */
async function qrOf(link: string, env: NodeJS.ProcessEnv, columns: number): Promise<readonly string[]> {
  const { default: code } = await import('qrcode')
  const { modules } = code.create(link, { errorCorrectionLevel: 'L' })
  return qrLines(modules, canDrawBlocks(env) ? 'blocks' : 'ascii', Math.min(columns, COLUMNS))
}

function canDrawBlocks({ TERM, LC_ALL, LC_CTYPE, LANG }: NodeJS.ProcessEnv): boolean {
  const locale = LC_ALL || LC_CTYPE || LANG || ''
  return TERM !== 'dumb' && /utf-?8/i.test(locale)
}

/** A host's first output. */
export function greetingOf(facts: HostFacts): readonly string[] {
  const { room, url, reachable } = facts
  return [
    `tamtam hosts the room ${room} on ${url}`,
    ...(reachable.length === 0 ? fromHere(facts) : fromElsewhere(facts)),
    'type to chat; /send PATH sends a file; /help tells more; Ctrl-C stops the host',
  ]
}

/** What else stands on a first screen: two rows of text beside the code, and the prompt. */
const OTHER_ROWS = 4

/** A person's first screen: at most 23 rows of 80 columns, with the code last. Of several addresses the likeliest; `/share` has all. */
export function firstScreen(facts: HostFacts, paint: Paint, rows: number): readonly string[] {
  const { room, reachable, host, qr } = facts
  const address = reachable[0] ?? host
  const ways = waysTo({ ...facts, address })
  return [
    `${paint.strong('tamtam')}  ${forTerminal(room)}  ${paint.faint('/share shows this again, /help tells more, Ctrl-C stops the room')}`,
    `browser   ${paint.act(pageLink({ ...facts, address }))}`,
    `terminal  ${ways.terminal}`,
    ...(reachable.length === 0 ? [`netcat    ${ways.lines}`, paint.faint(ONLY_HERE)] : []),
    ...(qr.length + OTHER_ROWS > rows ? [] : codeRows(qr, paint)),
  ]
}

const ONLY_HERE = 'Only this machine can use these. Start with --lan for others.'

/** All ways into a room, with the code last. Each stands on a line of its own: so it fits into 80 columns, and can be copied whole. */
export function shareRows(facts: HostFacts, paint: Paint): readonly string[] {
  const { host, reachable, token, qr } = facts
  const [address = host, ...others] = reachable
  const ways = waysTo({ ...facts, address })
  return [
    paint.act(pageLink({ ...facts, address })),
    ...others.map((other) => pageLink({ ...facts, address: other })),
    `${token === undefined ? '' : `TAMTAM_TOKEN=${token} `}${ways.tamtam}`,
    ...typed(ways.lines, token),
    ways.drop,
    ...(reachable.length === 0 ? [paint.faint(ONLY_HERE)] : []),
    ...codeRows(qr, paint),
  ]
}

/** What speaks lines, with the token in front. */
const typed = (lines: string | undefined, token: string | undefined): readonly string[] =>
  lines === undefined ? [] : [token === undefined ? lines : `{ echo '/token ${token}'; cat; } | ${lines}`]

/** In black and white of its own: a camera reads it on any background. Without colours the background is taken to be dark. */
const codeRows = (qr: readonly string[], paint: Paint): readonly string[] =>
  paint.isColoured ? qr.map((row) => `\x1b[97;40m${row}\x1b[39;49m`) : qr

/** The same for programs, as a line of JSON. */
export function listeningLine({
  host,
  port,
  url,
  fingerprint,
  sshFingerprint,
  reachable: addresses,
  token,
  isTokenKept,
}: HostFacts): string {
  return jsonForTerminal({
    v: 1,
    type: 'listening',
    host,
    port,
    url,
    ...(fingerprint === undefined ? {} : { fingerprint }),
    ...(sshFingerprint === undefined ? {} : { sshFingerprint }),
    ...(addresses.length === 0 ? {} : { addresses }),
    // Output is kept in logs: the token stands in it only where nothing else tells it.
    ...(token === undefined || isTokenKept ? {} : { token }),
    pid: process.pid,
  })
}

function fromHere(facts: HostFacts): readonly string[] {
  const { host, fingerprint } = facts
  const ways = waysTo({ ...facts, address: host })
  return [
    `open in a browser:            ${pageLink({ ...facts, address: host })}`,
    ...(fingerprint === undefined ? [] : [`join from this machine with:  ${asTyped(ways.tamtam, facts)}`]),
    `${fingerprint === undefined ? 'join from this machine with:' : 'or with:                    '}  ${ways.lines}`,
    `drop a file in with:          ${ways.drop}`,
  ]
}

function fromElsewhere(facts: HostFacts): readonly string[] {
  const { token, isTokenKept, isNode, qr, reachable, sshFingerprint, localName, fingerprint } = facts
  const addresses = localName === undefined ? reachable : [...reachable, localName]
  const links = addresses.map((address) => pageLink({ ...facts, address }))
  const ways = waysTo({ ...facts, address: reachable[0] ?? '' })
  return [
    ...qr,
    // Each command stands on a line of its own, and can be copied whole.
    ...links.map((link, index) => labelled(index === 0 ? 'browser' : '', link)),
    labelled('terminal', `${token === undefined ? '' : `TAMTAM_TOKEN=${token} `}${asTyped(ways.tamtam, facts)}`),
    ...typed(ways.lines, token).map((line) => labelled(fingerprint === undefined ? 'netcat' : 'openssl', line)),
    labelled('curl', ways.drop),
    ...(sshFingerprint === undefined ? [] : [labelled('ssh', `known by the key ${sshFingerprint}`)]),
    token === undefined
      ? 'everybody who reaches these addresses can join, read and send files'
      : `only holders of the token can join; ${
          isTokenKept
            ? 'tamtam token --new makes another, and removes members who joined by this one'
            : isNode
              ? 'every node of the cluster has this one'
              : 'it ends with this host'
        }`,
  ]
}

const LABEL_COLUMNS = 10
const labelled = (label: string, text: string): string => label.padEnd(LABEL_COLUMNS) + text

/** A command of ours, as it is called here. */
const asTyped = (text: string, { command = 'tamtam' }: HostFacts): string => text.replace(/^tamtam/, command)

type At = Pick<HostFacts, 'port' | 'room' | 'token' | 'fingerprint' | 'tls' | 'proxyBase'> & {
  readonly address: string
}

interface Ways {
  readonly tamtam: string
  readonly terminal: string
  /** Left out where only HTTP gets through. */
  readonly lines?: string
  readonly drop: string
}

/** The commands for joining at one address. */
function waysTo(where: At): Ways {
  const { address, port, room, token, fingerprint, tls, proxyBase } = where
  const at = `${bracketed(address)}:${port}`
  const target = `${at}/${encodeURIComponent(room)}`
  const shown = token === undefined ? '' : `-u :${token} `
  // The link has the token in it: together they are longer than a row.
  const terminal = token === undefined ? {} : { terminal: `tamtam join ${pageLink(where)}` }
  if (proxyBase !== undefined) {
    const url = `${proxyBase}/${encodeURIComponent(room)}`
    return { tamtam: `tamtam join ${url}`, terminal: `tamtam join ${url}`, drop: `curl ${shown}-T FILE ${url}/` }
  }
  return fingerprint === undefined && tls !== true
    ? {
        tamtam: `tamtam join ${target}`,
        terminal: `tamtam join ${target}`,
        ...terminal,
        lines: `nc ${address} ${port}`,
        drop: `curl ${shown}-T FILE http://${target}/`,
      }
    : {
        tamtam: `tamtam join tls://${target}${fingerprint === undefined ? '' : `#${fingerprint}`}`,
        terminal: `tamtam join tls://${target}`,
        ...terminal,
        lines: `openssl s_client -quiet -connect ${at}`,
        drop: `curl -k ${shown}-T FILE https://${target}/`,
      }
}

/** The host's address for a browser. The part behind the # is not sent anywhere: only the page reads it. */
export function pageLink({ address, port, room, token, fingerprint, tls, proxyBase }: At): string {
  const said = new URLSearchParams({
    ...(token === undefined ? {} : { t: token }),
    ...(room === FIRST ? {} : { room }),
  })
  const own = `http${fingerprint === undefined && tls !== true ? '' : 's'}://${bracketed(address)}:${port}`
  const host = `${proxyBase ?? own}/`
  return said.size === 0 ? host : `${host}#${said}`
}

/** Where the page goes by itself. */
const FIRST = 'lobby'

const bracketed = (host: string): string => (host.includes(':') ? `[${host}]` : host)

/** The modules of a QR code: `size` a side, row by row, 1 for a dark one. */
export interface QrModules {
  readonly size: number
  readonly data: ArrayLike<number>
}

/** Light modules around it; the norm wants four, readers make do with two. */
const MARGIN = 2
/** The light modules are drawn: on the dark ground of most terminals that gives a code with its colours the right way round. */
const HALVES = ['█', '▀', '▄', ' '] as const

/** A QR code as lines of text, `columns` wide at most; nothing where it does not fit. */
export function qrLines({ size, data }: QrModules, how: 'blocks' | 'ascii', columns: number): readonly string[] {
  const side = size + 2 * MARGIN
  if (side * (how === 'blocks' ? 1 : 2) > columns) return []
  const isDark = (row: number, column: number) => {
    const [y, x] = [row - MARGIN, column - MARGIN]
    return y >= 0 && x >= 0 && y < size && x < size && data[y * size + x] === 1
  }
  const line = (row: number) =>
    Array.from({ length: side }, (_, column) => {
      if (how === 'ascii') return isDark(row, column) ? '  ' : '##'
      return HALVES[(isDark(row, column) ? 2 : 0) + (row + 1 >= side || isDark(row + 1, column) ? 1 : 0)]
    }).join('')
  const step = how === 'blocks' ? 2 : 1
  return Array.from({ length: Math.ceil(side / step) }, (_, index) => line(index * step))
}
