import type { Verdict } from './sniff.ts'

/** What a peer of another protocol is told before we hang up; nothing of what it sent goes anywhere else. */
export function refusalOf(verdict: Exclude<Verdict, 'line' | 'undecided'>): string {
  switch (verdict) {
    case 'http':
      return httpRefusal
    case 'tls':
    case 'frames':
    case 'binary':
    case 'foreign':
      // Whatever it is, it does not read text; TLS would take text for a broken handshake, which is near enough.
      return ''
    default:
      return verdict satisfies never
  }
}

const sentence = 'This tamtam has no web page yet. Join with a line client, such as: nc HOST PORT\n'

const httpRefusal = [
  'HTTP/1.1 501 Not Implemented',
  'Content-Type: text/plain; charset=utf-8',
  `Content-Length: ${sentence.length}`,
  'Connection: close',
  '',
  sentence,
].join('\r\n')
