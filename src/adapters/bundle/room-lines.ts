import type { Carried } from '#domain/bundle/merge.ts'
import { safeFileName } from '#domain/names/file-name.ts'
import { checkText, forTerminal } from '#domain/names/text.ts'
import type { Audience, Member, MentionedFile, RoomEvent, WholeFile } from '#domain/room/events.ts'
import * as schema from '#protocol/schema.ts'
import { BadBundle } from './bad-bundle.ts'
import type { BundleLimits } from './manifest.ts'

const LF = 0x0a
const FILE_ID = /^[0-9a-f]{32}$/
const MEMBER_ID = /^[\x21-\x7e]{1,128}$/
const MOST_NAME_UNITS = 128
/** The last millisecond that a date can have. */
const LAST_AT = 8_640_000_000_000_000

/** One entry a line, as programs see it over HTTP and in frames. */
export const encodeLine = (entry: Carried): Uint8Array => Buffer.from(`${JSON.stringify(entry)}\n`)

/** The entries of a room's part. Throws `BadBundle` where no host would have kept a line. */
export async function* readLines(
  pieces: AsyncIterable<Uint8Array>,
  limits: Pick<BundleLimits, 'lineBytes'> & { readonly maxTextBytes: number },
): AsyncGenerator<Carried> {
  const files = new Map<string, WholeFile>()
  for await (const line of linesOf(pieces, limits.lineBytes)) {
    const entry = checked(parsed(line), limits.maxTextBytes)
    if (entry.type === 'fileCompleted') files.set(entry.file.id, entry.file)
    yield entry.type === 'fileReceived' ? { ...entry, file: mentioned(files.get(entry.file.id)) } : entry
  }
}

/** A file is spoken of as it was when it became whole, whatever else somebody wrote into a line. */
function mentioned(file: WholeFile | undefined): MentionedFile {
  if (file === undefined) throw new BadBundle('somebody verified a file that is not in it')
  const { sha256: _sha256, ...rest } = file
  return rest
}

async function* linesOf(pieces: AsyncIterable<Uint8Array>, most: number): AsyncGenerator<string> {
  let begun: Uint8Array[] = []
  let length = 0
  for await (const piece of pieces) {
    let from = 0
    for (let end = piece.indexOf(LF); end >= 0; end = piece.indexOf(LF, from)) {
      yield Buffer.concat([...begun, piece.subarray(from, end)]).toString()
      begun = []
      length = 0
      from = end + 1
    }
    length += piece.length - from
    if (length > most) throw new BadBundle('a line in it is too long')
    // Copied: the piece is only lent.
    if (from < piece.length) begun.push(Uint8Array.from(piece.subarray(from)))
  }
  if (length > 0) throw new BadBundle('its last line has no end')
}

function parsed(line: string): RoomEvent | undefined {
  try {
    const events = schema.parsed(schema.events, [JSON.parse(line)])
    if (events !== undefined) return events[0]
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause
  }
  throw new BadBundle('a line in it can not be read')
}

function checked(event: RoomEvent | undefined, maxTextBytes: number): Carried {
  switch (event?.type) {
    case 'said':
    case 'acted':
      return { ...event, ...stamp(event), text: textIn(event.text, maxTextBytes) }
    case 'whispered':
      return { ...event, ...stamp(event), to: memberIn(event.to), text: textIn(event.text, maxTextBytes) }
    case 'topicSet':
      return { ...event, ...stamp(event), topic: event.topic && textIn(event.topic, maxTextBytes) }
    case 'fileCompleted':
      return { ...event, ...stamp(event), file: fileIn(event.file) }
    case 'fileReceived':
      return { ...event, ...stamp(event), file: fileIn(event.file) }
    default:
      throw new BadBundle('an entry of a kind that does not travel is in it; a newer tamtam may know it')
  }
}

function stamp({ at, by }: { readonly at: number; readonly by: Member }) {
  if (at > LAST_AT) throw new BadBundle('an entry in it is of no time that there is')
  return { at, by: memberIn(by) }
}

/** As an author is kept; a name is a nick or an address, and acts on no terminal. */
function memberIn({ id, name }: Member): Member {
  const fits = MEMBER_ID.test(id) && name !== '' && name.length <= MOST_NAME_UNITS && forTerminal(name) === name
  if (!fits) throw new BadBundle('somebody in it has a name that nobody can have')
  return { id, name }
}

function textIn(text: string, maxTextBytes: number): string {
  if (checkText(text, maxTextBytes) !== text) throw new BadBundle('a text in it is one that no room would have kept')
  return text
}

function fileIn<File extends MentionedFile>(file: File): File {
  const name = safeFileName(file.name, file.id)
  if (!FILE_ID.test(file.id) || typeof name !== 'string') throw new BadBundle('a file in it can have no such name')
  return { ...file, name, ...(file.audience === undefined ? {} : { audience: audienceIn(file.audience) }) }
}

const audienceIn = ({ from, to }: Audience): Audience => ({
  from: memberIn(from),
  to: to === 'staff' ? to : memberIn(to),
})
