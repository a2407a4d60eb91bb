import { lineOf, type Message } from './codec.ts'
import type { Labelled } from './labels.ts'

/** Of one message of several lines: the text of a message may have so many bytes. */
export const MOST_TEXT_BYTES = 16_384
export const MOST_LINES = 100

/** A message of several lines, as its lines come (IRCv3, multiline). */
export interface Multiline {
  readonly reference: string
  readonly target: string
  readonly label: string | undefined
  verb: string
  text: string
  bytes: number
  lines: number
}

/** The connection of a client that sends such messages. */
interface Gathering {
  readonly chosen: ReadonlySet<string>
  readonly answering: Labelled | undefined
  /** Whose end has not come yet. */
  multiline: Multiline | undefined
  /** What the host calls itself. */
  readonly hostName: string
  say(line: string): unknown
}

/** The begin or the end of a batch: with its end the message that it is. */
export function batched(connection: Gathering, message: Message): Message | undefined {
  const [sign = '', type, target] = message.params
  const reference = sign.slice(1)
  if (sign.startsWith('+')) return begin(connection, message, reference, type, target)
  const { multiline } = connection
  if (!sign.startsWith('-') || multiline === undefined || multiline.reference !== reference)
    return fail(connection, 'INVALID_REFTAG', 'no batch of this name has begun', [reference])
  connection.multiline = undefined
  const { target: to, text, verb, lines } = multiline
  if (lines === 0) return fail(connection, 'MULTILINE_INVALID', 'there is no line in this batch')
  return { verb, params: [to, text], tags: message.tags }
}

function begin(
  connection: Gathering,
  { tags }: Message,
  reference: string,
  type: string | undefined,
  target: string | undefined,
): undefined {
  if (type !== 'draft/multiline' || !connection.chosen.has(type))
    return fail(connection, 'UNKNOWN_TYPE', 'batches of this type are not taken', [reference, type ?? '*'])
  if (target === undefined || target.includes(','))
    return fail(connection, 'MULTILINE_INVALID_TARGET', 'name one channel or person', ['*', target ?? '*'])
  if (connection.multiline !== undefined)
    return fail(connection, 'MULTILINE_INVALID', 'another batch has not ended yet')
  connection.multiline = { reference, target, label: tags.get('label'), verb: 'PRIVMSG', text: '', bytes: 0, lines: 0 }
  // Its end is answered.
  if (connection.answering !== undefined) connection.answering.isEchoed = true
  return undefined
}

/** A line of a batch; with a fault of it the whole message is not said. Answers false where it is a message by itself. */
export function isInBatch(connection: Gathering, { verb, params, tags }: Message): boolean {
  const { multiline } = connection
  const reference = tags.get('batch')
  if (reference === undefined || !connection.chosen.has('draft/multiline')) return false
  const [target, text = ''] = params
  const drop = (code: string, why: string, about: readonly string[] = []) => {
    connection.multiline = undefined
    fail(connection, code, why, about)
    return true
  }
  if (multiline?.reference !== reference) return drop('MULTILINE_INVALID', 'no batch of this name has begun')
  if (target !== multiline.target)
    return drop('MULTILINE_INVALID_TARGET', 'all lines are for one', [multiline.target, target ?? '*'])
  const isSameLine = multiline.lines === 0 || tags.has('draft/multiline-concat')
  multiline.verb = verb
  multiline.text += isSameLine ? text : `\n${text}`
  multiline.bytes += Buffer.byteLength(text) + (isSameLine ? 0 : 1)
  multiline.lines++
  if (multiline.bytes > MOST_TEXT_BYTES)
    return drop('MULTILINE_MAX_BYTES', 'this message is too long', [String(MOST_TEXT_BYTES)])
  if (multiline.lines > MOST_LINES)
    return drop('MULTILINE_MAX_LINES', 'this message has too many lines', [String(MOST_LINES)])
  return true
}

function fail(connection: Gathering, code: string, text: string, about: readonly string[] = []): undefined {
  void connection.say(lineOf({ source: connection.hostName, verb: 'FAIL', params: ['BATCH', code, ...about], text }))
}
