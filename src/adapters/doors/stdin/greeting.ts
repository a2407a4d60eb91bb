/** Where the host is, for people to know how to join it. */
export interface HostAddress {
  readonly host: string
  readonly port: number
  readonly url: string
  /** What it is known by over TLS, where it speaks nothing else. */
  readonly fingerprint?: string
}

/** What a host says first. */
export function greetingOf(room: string, { host, port, url, fingerprint }: HostAddress): readonly string[] {
  const wildcard = host === '0.0.0.0' || host === '::'
  const where = wildcard ? '<this address>' : host
  const at = `${where.includes(':') ? `[${where}]` : where}:${port}`
  const join = `join from ${wildcard ? 'another machine' : 'this machine'} with:`
  const drop = 'drop a file in with:'.padEnd(join.length)
  const path = `${at}/${encodeURIComponent(room)}`
  const last = 'type to chat; /send PATH sends a file; /help tells more; Ctrl-C stops the host'
  const first = `tamtam hosts the room ${room} on ${url}`
  if (fingerprint === undefined)
    return [first, `${join}  nc ${where} ${port}`, `${drop}  curl -T FILE http://${path}/`, last]
  return [
    first,
    `${join}  tamtam join tls://${path}#${fingerprint}`,
    `${'or with:'.padEnd(join.length)}  openssl s_client -quiet -connect ${at}`,
    `${drop}  curl -k -T FILE https://${path}/`,
    last,
  ]
}
