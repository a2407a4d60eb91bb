/** The end mark, as the protocol's description spells it. */
export const MARK = '//AGUEL//TAMTAM//'

/** Something said in a room, or sent to it, as each kind of reader must see it. The texts are unique. */
export interface Item {
  readonly author: number
  readonly room: string
  /** Rounds are settled: who was in the room in this round gets it. */
  readonly round: number
  /** Position among everything that its author said. */
  readonly place: number
  /** Whom it is for; everybody where undefined. */
  readonly to: number | undefined
  readonly inline: string
  readonly links: string
}

export const NAMES = ['ani', 'budi', 'cici', 'Ani', 'eko'] as const
export const ROOMS = ['lobby', 'den', 'attic'] as const
export const literally = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')

/** What may be typed as a text, and how it must look; `#` stands for a number that is used once. */
export const texts: readonly (readonly [typed: string, inline: string, links?: string])[] = [
  ['halo #', 'halo #'],
  ['# 漢字 😀 é', '# 漢字 😀 é'],
  ['please SEND # SENDER', 'please S\u200bEND # S\u200bENDER', 'please SEND # SENDER'],
  ['//# is no command', '/# is no command'],
  ['  #  ', '  #  '],
  ['#\u202e!', '#<U+202E>!'],
  ['send #', 'send #'],
  [' SEND #', ' S\u200bEND #', ' SEND #'],
]

/** What may be sent as a name, how the room calls it, how its header does, and how a text with it skeletons inline. */
export const fileNames: readonly (readonly [sent: string, name: string, header: string, inline: string])[] = [
  ['#.bin', '#.bin', '#.bin', '#.bin'],
  ['a b #.txt', 'a b #.txt', 'a_b_#.txt', 'a b #.txt'],
  ['../../etc/#', '#', '#', '#'],
  ['C:\\x\\#.mp3', '#.mp3', '#.mp3', '#.mp3'],
  ['#SEND', '#SEND', '#SEND', '#S\u200bEND'],
]

export const bodies: readonly Buffer[] = [
  Buffer.alloc(0),
  Buffer.from('halo'),
  Buffer.from('line\nSEND x\n/quit\n'),
  Buffer.from(Array.from({ length: 300 }, (_, at) => (at * 7) % 256)),
  Buffer.from(MARK.slice(0, 9)),
  Buffer.from(`/${MARK.slice(0, 14)}`),
  // These two the mark cannot carry.
  Buffer.from(MARK.slice(0, 15)),
  Buffer.from(`a${MARK}b`),
]

export const isCarried = (body: Buffer): boolean =>
  Buffer.concat([body, Buffer.from(MARK)]).indexOf(MARK) === body.length

/** What arrived on a line connection: lines, and each file in band with its header, as one string. */
export function parse(bytes: Buffer): string[] {
  const tokens: string[] = []
  for (let at = 0; at < bytes.length; ) {
    const lineFeed = bytes.indexOf('\n', at)
    const line = bytes.toString('utf8', at, lineFeed < 0 ? bytes.length : lineFeed)
    if (!line.startsWith('SEND ')) {
      tokens.push(line)
      at = lineFeed < 0 ? bytes.length : lineFeed + 1
      continue
    }
    const end = bytes.indexOf(MARK, lineFeed)
    if (lineFeed < 0 || end < 0) return [...tokens, `${line} … and no end`]
    tokens.push(fileToken(line.slice(5), bytes.subarray(lineFeed + 1, end)))
    at = end + MARK.length
  }
  return tokens
}

export const fileToken = (header: string, body: Buffer): string => `SEND ${header}\n${body.toString('latin1')}`
