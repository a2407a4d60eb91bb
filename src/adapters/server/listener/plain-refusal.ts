import type { Socket } from 'node:net'
import { rejected } from '#domain/errors.ts'
import type { Clock } from '#domain/ports/system.ts'
import { encodeMessage } from '#protocol/encode.ts'
import { joinFrame } from '#protocol/frames.ts'
import { hangUp } from '../connection/hang-up.ts'

const CODE = 'TLS_REQUIRED'

/** Ends a connection in plain to a host that speaks TLS: says so in the words of whoever came, and lets nothing of what it says in (C123). */
export function refusePlain(socket: Socket, as: 'line' | 'http' | 'frames', at: string, clock: Clock): void {
  socket.write(refusal(as, at))
  hangUp(socket, clock)
}

function refusal(as: 'line' | 'http' | 'frames', at: string): string | Uint8Array {
  switch (as) {
    case 'line':
      return `! ${CODE} this host speaks only TLS; come with: openssl s_client -quiet -connect ${at}\n`
    case 'http':
      return answer(JSON.stringify({ code: CODE, message: `this host speaks only TLS; ask https://${at}` }))
    case 'frames':
      return joinFrame(
        encodeMessage({ ...rejected(CODE, `this host speaks only TLS; write tls://${at}`), type: 'bye' }),
      )
    default:
      return as satisfies never
  }
}

const answer = (body: string): string =>
  [
    'HTTP/1.1 400 Bad Request',
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `Tamtam-Code: ${CODE}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n')
