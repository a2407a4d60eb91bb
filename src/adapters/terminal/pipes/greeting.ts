/** Where the host is, for people to know how to join it. */
export interface HostAddress {
  readonly host: string
  readonly port: number
  readonly url: string
  /** What it is known by over TLS, where it speaks nothing else. */
  readonly fingerprint?: string
}

/** What there is to say of a host that has just begun. */
export interface HostFacts extends HostAddress {
  readonly room: string
  /** Its addresses for other machines, the likeliest first; none where it is for this machine alone. */
  readonly reachable: readonly string[]
  /** What people show to come in; left out where nothing is asked for. */
  readonly token?: string
  /** Whether `tamtam token` tells it too. */
  readonly isTokenKept: boolean
  /** The first of the links for browsers, as a code to be photographed. */
  readonly qr: readonly string[]
}

/** What a host says first. */
export function greetingOf(facts: HostFacts): readonly string[] {
  const { room, url, reachable } = facts
  return [
    `tamtam hosts the room ${room} on ${url}`,
    ...(reachable.length === 0 ? fromHere(facts) : fromElsewhere(facts)),
    'type to chat; /send PATH sends a file; /help tells more; Ctrl-C stops the host',
  ]
}

function fromHere(facts: HostFacts): readonly string[] {
  const { host, fingerprint } = facts
  const ways = waysTo({ ...facts, address: host })
  return [
    `open in a browser:            ${pageLink({ ...facts, address: host })}`,
    ...(fingerprint === undefined ? [] : [`join from this machine with:  ${ways.tamtam}`]),
    `${fingerprint === undefined ? 'join from this machine with:' : 'or with:                    '}  ${ways.lines}`,
    `drop a file in with:          ${ways.drop}`,
  ]
}

function fromElsewhere(facts: HostFacts): readonly string[] {
  const { token, isTokenKept, qr, reachable } = facts
  const links = reachable.map((address) => pageLink({ ...facts, address }))
  const ways = waysTo({ ...facts, address: reachable[0] ?? '' })
  return [
    ...qr,
    // Each command stands on a line of its own: so it fits into 80 columns, and can be copied whole.
    'join in a browser, with tamtam, or line by line; drop a file in:',
    ...links,
    `${token === undefined ? '' : `TAMTAM_TOKEN=${token} `}${ways.tamtam}`,
    token === undefined ? ways.lines : `{ echo '/token ${token}'; cat; } | ${ways.lines}`,
    ways.drop,
    token === undefined
      ? 'everybody who reaches these addresses can join, read and send files'
      : `only who has the token comes in; ${isTokenKept ? 'tamtam token --new makes another, and sends out who came by this one' : 'it ends with this host'}`,
  ]
}

type At = Pick<HostFacts, 'port' | 'room' | 'token' | 'fingerprint'> & { readonly address: string }

/** What to type to come in at one address. */
function waysTo({ address, port, room, token, fingerprint }: At) {
  const at = `${bracketed(address)}:${port}`
  const place = `${at}/${encodeURIComponent(room)}`
  const shown = token === undefined ? '' : `-u :${token} `
  return fingerprint === undefined
    ? {
        tamtam: `tamtam join ${place}`,
        lines: `nc ${address} ${port}`,
        drop: `curl ${shown}-T FILE http://${place}/`,
      }
    : {
        tamtam: `tamtam join tls://${place}#${fingerprint}`,
        lines: `openssl s_client -quiet -connect ${at}`,
        drop: `curl -k ${shown}-T FILE https://${place}/`,
      }
}

/** Where a browser finds the host. What is behind the # is not sent anywhere: the page takes it from there. */
export function pageLink({ address, port, room, token, fingerprint }: At): string {
  const said = new URLSearchParams({
    ...(token === undefined ? {} : { t: token }),
    ...(room === FIRST ? {} : { room }),
  })
  const host = `http${fingerprint === undefined ? '' : 's'}://${bracketed(address)}:${port}/`
  return said.size === 0 ? host : `${host}#${said}`
}

/** Where the page goes by itself. */
const FIRST = 'lobby'

const bracketed = (host: string): string => (host.includes(':') ? `[${host}]` : host)
