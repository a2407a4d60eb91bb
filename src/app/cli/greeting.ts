import { networkInterfaces } from 'node:os'
import { ownCommand } from '#app/about.ts'
import type { HostConfig } from '#app/config.ts'
import type { Tamtam } from '#app/tamtam.ts'
import { forTerminal, jsonForTerminal } from '#domain/names/text.ts'
import type { Translator } from '#i18n/translator.ts'
import { localName, reachable } from '#system/network.ts'
import type { Paint } from '#terminal/rows.ts'
import { wantsToken } from './host-network.ts'

type Say = Translator['say']
type Words = Pick<Translator, 'say'>

/** The address of the host, as people need it for joining. */
export interface HostAddress {
  readonly host: string
  readonly port: number
  readonly url: string
  /** Its TLS fingerprint, if it speaks TLS only. */
  readonly fingerprint?: string
  /** Set if it speaks TLS with an unknown fingerprint. */
  readonly tls?: true
}

/** The facts in a new host's greeting. */
export interface HostFacts extends HostAddress {
  readonly room: string
  /** Its addresses for other machines, the likeliest first; empty if it serves this machine only. */
  readonly reachable: readonly string[]
  /** The only address for people elsewhere: `https://chat.example.org/chat`. */
  readonly publicUrl?: string
  /** This machine's name on its networks (mDNS), if announced. */
  readonly localName?: string
  /** The token for joining; left out if none is needed. */
  readonly token?: string
  /** The fingerprint of its SSH key. */
  readonly sshFingerprint?: string
  /** It is a node of a cluster, which keeps the token. */
  readonly isNode?: boolean
  /** Whether `tamtam token` can print it. */
  readonly isTokenKept: boolean
  /** The first browser link as a QR code. */
  readonly qr: readonly string[]
}

/** For a terminal that does not report its width. */
const COLUMNS = 80

/** Collects the facts of a host that is listening. */
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
    ...(config.publicUrl === undefined ? {} : { publicUrl: config.publicUrl }),
    ...(token === undefined ? {} : { token }),
  }
  const isWide = address.host === '::' || address.host === '0.0.0.0'
  if (!isWide && !wantsToken(config) && !config.open && config.publicUrl === undefined)
    return { ...facts, reachable: [], qr: [] }
  const found = reachable(networkInterfaces(), address.host)
  // Without a network there is still this machine.
  const addresses = found.length > 0 ? found : ['127.0.0.1']
  const name = config.lan && isWide ? localName() : undefined
  const known = { ...facts, ...(name === undefined ? {} : { localName: name }), reachable: addresses, qr: [] }
  return config.plain || config.json || config.quiet ? known : await withCode(known, process)
}

/** The same facts with the QR code of the link, if this is a terminal and other machines can reach the host. */
export async function withCode(facts: HostFacts, { env, stdout }: NodeJS.Process): Promise<HostFacts> {
  if (!isForOthers(facts) || stdout.isTTY !== true) return { ...facts, qr: [] }
  return { ...facts, qr: await qrOf(waysTo(facts).browser, env, stdout.columns ?? COLUMNS) }
}

/** Imported on demand: a host that shows no QR code does not need the package. */
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
export function greetingOf(facts: HostFacts, { say }: Words): readonly string[] {
  const { room, url } = facts
  return [
    say('hostsRoom', { room, url }),
    ...(isForOthers(facts) ? fromElsewhere(facts, say) : fromHere(facts, say)),
    say('hostTyping'),
  ]
}

/** Other rows of the first screen: two rows of text beside the code, and the prompt. */
const OTHER_ROWS = 4

/**
 * A person's first screen: at most 23 rows of 80 columns, with the code last. It shows the likeliest of several addresses; `/share`
 * shows all.
 */
export function firstScreen(facts: HostFacts, { say }: Words, paint: Paint, rows: number): readonly string[] {
  const { room, qr } = facts
  const ways = waysTo(facts)
  const terminal = labelled('terminal', ways.terminal)
  const more = Math.ceil(terminal.length / COLUMNS) - 1
  return [
    `${paint.strong('tamtam')}  ${forTerminal(room)}  ${paint.faint(say('screenHint'))}`,
    labelled(say('wayBrowser'), paint.act(ways.browser)),
    terminal,
    ...(isForOthers(facts) ? [] : [...linesRow(facts, ways), paint.faint(say('onlyThisMachine'))]),
    ...(qr.length + OTHER_ROWS + more > rows ? [] : codeRows(qr, paint)),
  ]
}

/** All ways into a room, with the code last. Each has a line of its own, so that it fits into 80 columns and can be copied whole. */
export function shareRows(facts: HostFacts, { say }: Words, paint: Paint): readonly string[] {
  const { token, qr } = facts
  const ways = waysTo(facts)
  return [
    paint.act(ways.browser),
    ...otherLinks(facts),
    `${token === undefined ? '' : `TAMTAM_TOKEN=${token} `}${ways.tamtam}`,
    ...(ways.lines === undefined ? [] : [withToken(ways.lines, token)]),
    ways.drop,
    ...(isForOthers(facts) ? [] : [paint.faint(say('onlyThisMachine'))]),
    ...codeRows(qr, paint),
  ]
}

/** Whether another machine can reach it. */
export const isForOthers = ({ reachable, publicUrl }: Pick<HostFacts, 'reachable' | 'publicUrl'>): boolean =>
  publicUrl !== undefined || reachable.length > 0

/** The browser links after the first. A host with a public URL shows only that. */
function otherLinks(facts: HostFacts): readonly string[] {
  const { publicUrl, reachable, localName } = facts
  if (publicUrl !== undefined) return []
  const others = [...reachable.slice(1), ...(localName === undefined ? [] : [localName])]
  return others.map((address) => pageLink({ ...facts, address }))
}

/** Netcat, or openssl in its place over TLS. */
const linesRow = ({ fingerprint, tls, token }: HostFacts, { lines }: Ways): readonly string[] =>
  lines === undefined
    ? []
    : [labelled(fingerprint === undefined && tls !== true ? 'netcat' : 'openssl', withToken(lines, token))]

const withToken = (lines: string, token: string | undefined): string =>
  token === undefined ? lines : `{ echo '/token ${token}'; cat; } | ${lines}`

/** With explicit black and white, so that a camera can read it on any background. Without colours, a dark background is assumed. */
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
    // Output is kept in logs: the token is in it only if nothing else can print it.
    ...(token === undefined || isTokenKept ? {} : { token }),
    pid: process.pid,
  })
}

function fromHere(facts: HostFacts, say: Say): readonly string[] {
  const { fingerprint } = facts
  const ways = waysTo(facts)
  const join = say('joinHereWith')
  const rows: readonly (readonly [string, string])[] = [
    [say('openInBrowser'), ways.browser],
    ...(fingerprint === undefined ? [] : [[join, ways.tamtam] as const]),
    [fingerprint === undefined ? join : say('orWith'), ways.lines ?? ways.tamtam],
    [say('dropFileWith'), ways.drop],
  ]
  const width = Math.max(...[say('openInBrowser'), join, say('dropFileWith')].map((label) => label.length)) + 2
  return rows.map(([label, way]) => label.padEnd(width) + way)
}

function fromElsewhere(facts: HostFacts, say: Say): readonly string[] {
  const { token, isTokenKept, isNode, qr, sshFingerprint } = facts
  const ways = waysTo(facts)
  const [first, ...others] = [ways.browser, ...otherLinks(facts)]
  return [
    ...qr,
    // Each command has a line of its own, and can be copied whole.
    labelled(say('wayBrowser'), first),
    ...others.map((link) => labelled('', link)),
    labelled('terminal', `${token === undefined ? '' : `TAMTAM_TOKEN=${token} `}${ways.tamtam}`),
    ...linesRow(facts, ways),
    labelled('curl', ways.drop),
    ...(sshFingerprint === undefined ? [] : [labelled('ssh', say('knownByKey', { fingerprint: sshFingerprint }))]),
    token === undefined
      ? say('openToAll')
      : isTokenKept
        ? say('tokenIsKept', { command: ownCommand('token --new') })
        : say(isNode ? 'tokenOfCluster' : 'tokenOfHost'),
  ]
}

const LABEL_COLUMNS = 10
const labelled = (label: string, text: string): string => label.padEnd(LABEL_COLUMNS) + text

type Ways = ReturnType<typeof waysTo>

/** The ways into a room at the likeliest address for others, or at the configured one. */
function waysTo(facts: HostFacts) {
  const { reachable, host, port, room, token, fingerprint, tls, publicUrl } = facts
  const address = reachable[0] ?? host
  const at = `${bracketed(address)}:${port}`
  const shown = token === undefined ? '' : `-u :${token} `
  const isSecure = fingerprint !== undefined || tls === true
  const browser = pageLink({ ...facts, address })
  // Quoted for a shell, for which an & would end the command.
  const pasted = browser.includes('&') ? `"${browser}"` : browser
  const below = encodeURIComponent(room)
  if (publicUrl !== undefined) {
    const join = ownCommand(`join ${publicUrl}/${below}`)
    // A proxy passes HTTP on, but no lines.
    const drop = `curl ${shown}-T FILE ${publicUrl}/${below}/`
    return { browser, tamtam: join, terminal: token === undefined ? join : ownCommand(`join ${pasted}`), drop }
  }
  const target = `${at}/${below}`
  const join = ownCommand(`join ${isSecure ? 'tls://' : ''}${target}`)
  return {
    browser,
    tamtam: fingerprint === undefined ? join : `${join}#${fingerprint}`,
    // The link contains the token: both together are longer than a row.
    terminal: token === undefined ? join : ownCommand(`join ${pasted}`),
    lines: isSecure ? `openssl s_client -quiet -connect ${at}` : `nc ${address} ${port}`,
    drop: isSecure ? `curl -k ${shown}-T FILE https://${target}/` : `curl ${shown}-T FILE http://${target}/`,
  }
}

type At = Pick<HostFacts, 'port' | 'room' | 'token' | 'fingerprint' | 'tls' | 'publicUrl'> & {
  readonly address: string
}

/** The host's address for a browser. The part after the # is never sent: only the page reads it. */
export function pageLink({ room, token, ...at }: At): string {
  const said = new URLSearchParams({
    ...(token === undefined ? {} : { t: token }),
    ...(room === FIRST ? {} : { room }),
  })
  const page = `${linkBase(at)}/`
  return said.size === 0 ? page : `${page}#${said}`
}

/** The start of the host's links. */
export const linkBase = ({ address, port, fingerprint, tls, publicUrl }: Omit<At, 'room' | 'token'>): string =>
  publicUrl ?? `http${fingerprint === undefined && tls !== true ? '' : 's'}://${bracketed(address)}:${port}`

/** The default room of the page. */
const FIRST = 'lobby'

const bracketed = (host: string): string => (host.includes(':') ? `[${host}]` : host)

/** The modules of a QR code: `size` on each side, row by row, 1 for dark. */
export interface QrModules {
  readonly size: number
  readonly data: ArrayLike<number>
}

/** Light modules around it; the standard asks for four, readers accept two. */
const MARGIN = 2
/** Draws the light modules: on the dark background of most terminals that gives a code with the right colours. */
const HALVES = ['█', '▀', '▄', ' '] as const

/** A QR code as lines of text, at most `columns` wide; empty if it does not fit. */
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
