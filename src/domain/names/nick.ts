import { type Rejected, rejected } from '../errors.ts'
import { spelledNick } from './one-script.ts'
import { skeleton } from './skeleton.ts'

/** A member's name. Names with the same `skeleton` look alike: at most one of them may be in use. */
export interface Nick {
  readonly name: string
  readonly skeleton: string
}

// Names that would speak for the host or for everybody (C64). `host` is not among them: the member at the host's own
// console has it.
const RESERVED = new Set(
  'server system tamtam root admin administrator nickserv chanserv operator owner everybody everyone here'
    .split(' ')
    .map(skeleton),
)

// The seed shows people by address, so a name that reads like one would be somebody else (C62, C64). In a skeleton 1 has
// become l, 0 has become o and some Arabic digits letters, so name and skeleton are both looked at. Version 6 needs no
// rule: a name holds no colon.
const ADDRESS = /^[\p{Nd}lo]+(?:\.[\p{Nd}lo]+){3}$/u

/** The nick that `raw` asks for, in NFC, or BAD_NAME with what to do about it. Never quotes `raw`. At most 32 bytes. */
export function checkNick(raw: string): Nick | Rejected {
  const name = spelledNick(raw)
  if (typeof name !== 'string') return name
  const look = skeleton(name)
  if (RESERVED.has(look.replace(/[_.-]/g, ''))) {
    return rejected('BAD_NAME', 'This name is reserved, or looks like one that is. Choose another.')
  }
  if ([name, look].some((text) => ADDRESS.test(text.replace(/[_.-]+$/, '')))) {
    return rejected('BAD_NAME', 'This name looks like a network address. Choose one that does not.')
  }
  return { name, skeleton: look }
}
