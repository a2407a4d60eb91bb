import { escapedTag, lineOf } from './codec.ts'

/** The answer to one command, whose client has given it a label (IRCv3, labeled-response). */
export interface Labelled {
  readonly label: string
  readonly lines: string[]
  /** The client's own message comes back to it, and carries the label itself. */
  isEchoed: boolean
}

/** A line, or the first of several, with one tag more. */
export const withTag = (line: string, tag: string): string =>
  line.startsWith('@') ? `@${tag};${line.slice(1)}` : `@${tag} ${line}`

export const labelTag = (label: string): string => `label=${escapedTag(label)}`

/** Lines of a batch within it are marked as that one's already. */
const within = (line: string, reference: string): string =>
  /^(?:@(?:\S+;)?batch=|:\S+ BATCH -)/.test(line) ? line : withTag(line, `batch=${reference}`)

/** The name of a batch that no other of the process has. */
export const newReference = (): string => `b${++references}`
let references = 0

/** Lines as one batch, with a name that no other batch of the process has. */
export function batchOf(
  hostName: string,
  lines: readonly string[],
  type: string,
  params: readonly string[] = [],
): string {
  const reference = newReference()
  const begin = lineOf({ source: hostName, verb: 'BATCH', params: [`+${reference}`, type, ...params] })
  const end = lineOf({ source: hostName, verb: 'BATCH', params: [`-${reference}`] })
  return `${begin}${lines.map((line) => within(line, reference)).join('')}${end}`
}

/** The answer as it is sent: one line carries the label, several stand in a batch, and none is an ACK. */
export function labelled({ label, lines, isEchoed }: Labelled, hostName: string): string {
  const tag = labelTag(label)
  const single = lines
    .join('')
    .split(/(?<=\r\n)/)
    .filter((line) => line !== '')
  if (single.length === 0) return isEchoed ? '' : withTag(lineOf({ source: hostName, verb: 'ACK' }), tag)
  if (single.length === 1) return withTag(single[0] as string, tag)
  // A batch within the answer is sent as it is: no line may be in two.
  if (single.some((line) => / BATCH \+/.test(line))) return withTag(single.join(''), tag)
  return withTag(batchOf(hostName, single, 'labeled-response'), tag)
}
