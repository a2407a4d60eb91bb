import { isUtf8 } from 'node:buffer'
import { readFileSync } from 'node:fs'
import { chunked } from '#client/chunked.ts'
import { isPassing, isRefusal, type Refusal } from '#client/errors.ts'
import { postLines, postMessage } from '#client/queries.ts'
import { Retries } from '#client/retries.ts'
import { forTerminal } from '#domain/names/text.ts'
import type { Ack } from '#domain/room/commands.ts'
import { notUtf8, type TextLine, TextLines } from '#system/files/text.ts'
import { RandomIds } from '#system/ids.ts'
import { clientDefaults } from '../defaults.ts'
import { LineCount } from './batch.ts'
import { apiOf, inputOf, type RoomTarget, reportFirstRetry, run, targetOf } from './command.ts'
import { CommandFailed, exitCodes } from './exit-codes.ts'
import { refused } from './failures.ts'

/** `tamtam say`. */
export const runSay = (address: string, words: string[]): Promise<void> =>
  run(() => say(targetOf(address, process.env), words))

/** Said at once, when they come quickly; a host takes up to 64 KiB. */
const BATCH_BYTES = 32 * 1024
const BATCH_MS = 50

/** Faults of one line, and of no other; or, in slow mode, of several at once. */
const OF_A_LINE: ReadonlySet<string> = new Set(['LINE_TOO_LONG', 'BAD_TEXT', 'SLOW_MODE'])

/** Posts one message, or lines, and knows it again where the answer was lost. */
type Post = (text: string) => Promise<Ack | Refusal>

async function say(target: RoomTarget, words: readonly string[]): Promise<void> {
  const { room } = target
  const api = apiOf(target)
  const ids = new RandomIds()
  const tried = (attempt: () => Promise<Ack | Refusal>, passes = isPassing) =>
    new Retries(clientDefaults, { report: reportFirstRetry }).until(attempt, { passes })
  try {
    if (words.length > 0) {
      const text = words.join(' ')
      if (text.includes('\ufffd') && !isArgvUtf8()) throw new CommandFailed(exitCodes.refused, notUtf8.message)
      const id = ids.next()
      const said = await tried(() => postMessage(api, room, { type: 'say', text }, id))
      if (isRefusal(said)) throw refused(room, said)
    } else
      await sayInput(room, (lines) => {
        const id = ids.next()
        // In slow mode one line may go by waiting, several never do.
        const passes = (why: Refusal) => isPassing(why) && !(why.code === 'SLOW_MODE' && lines.includes('\n'))
        return tried(() => postLines(api, room, lines, id), passes)
      })
  } finally {
    api.close()
  }
}

/** Node puts U+FFFD for bytes in an argument that are not UTF-8; where the system does not show the typed bytes, it is believed. */
function isArgvUtf8(): boolean {
  try {
    return isUtf8(readFileSync('/proc/self/cmdline'))
  } catch {
    return true
  }
}

/** Says each line of standard input; how many were refused is how it ends. */
async function sayInput(room: string, post: Post): Promise<void> {
  const count = new LineCount()
  for await (const lines of linesOf(inputOf(process))) {
    const texts: string[] = []
    for (const line of lines) {
      if (typeof line === 'string') texts.push(line)
      else {
        await sayLines(room, post, texts.splice(0), count)
        reportRefused(line, count)
      }
    }
    await sayLines(room, post, texts, count)
  }
  count.end()
}

/** A host takes all lines of a request or none: where one of them is refused, those around it are said without it. */
async function sayLines(room: string, post: Post, texts: readonly string[], count: LineCount): Promise<void> {
  // As everywhere, a blank line says nothing.
  const said = texts.every((text) => text === '') ? {} : await post(bodyOf(texts))
  if (!isRefusal(said)) {
    count.took(texts.length)
    return
  }
  if (!OF_A_LINE.has(said.code)) throw refused(room, said)
  if (texts.length === 1) reportRefused(said, count)
  else {
    const half = Math.ceil(texts.length / 2)
    await sayLines(room, post, texts.slice(0, half), count)
    await sayLines(room, post, texts.slice(half), count)
  }
}

const reportRefused = ({ code, message }: Pick<Refusal, 'code' | 'message'>, count: LineCount) =>
  process.stderr.write(`tamtam: line ${count.refused()} is refused: ${forTerminal(message)} (${code})\n`)

/** A byte order mark that begins a request is taken for none of its text; one that is text has another before it. */
const bodyOf = (texts: readonly string[]): string => {
  const body = texts.join('\n')
  return body.startsWith('\ufeff') ? `\ufeff${body}` : body
}

/** Whole lines, several together where they come quickly. */
async function* linesOf(source: AsyncIterable<Uint8Array>): AsyncGenerator<readonly TextLine[]> {
  const lines = new TextLines(BATCH_BYTES)
  for await (const { bytes, last } of chunked(source, BATCH_BYTES, BATCH_MS))
    yield [...lines.push(bytes), ...(last ? lines.end() : [])]
}
