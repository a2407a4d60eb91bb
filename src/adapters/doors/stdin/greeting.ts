/** Where the host is, for people to know how to join it. */
export interface HostAddress {
  readonly host: string
  readonly port: number
  readonly url: string
}

/** What a host says first. */
export function greetingOf(room: string, { host, port, url }: HostAddress): readonly string[] {
  const wildcard = host === '0.0.0.0' || host === '::'
  const where = wildcard ? '<this address>' : host
  const join = `join from ${wildcard ? 'another machine' : 'this machine'} with:`
  const drop = 'drop a file in with:'.padEnd(join.length)
  const link = `http://${where.includes(':') ? `[${where}]` : where}:${port}/${encodeURIComponent(room)}/`
  return [
    `tamtam hosts the room ${room} on ${url}`,
    `${join}  nc ${where} ${port}`,
    `${drop}  curl -T FILE ${link}`,
    'type to chat; /send PATH sends a file; /help tells more; Ctrl-C stops the host',
  ]
}
