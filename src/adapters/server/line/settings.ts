import type { Language } from '#i18n/translator.ts'

/** How files reach a connection: as bytes, as lines with a link, or (`auto`) as bytes until it shows that a person types there. */
export type FileMode = 'auto' | 'inline' | 'links'

/** Settings of the line server; the defaults are in `app/defaults.ts`. */
export interface LineSettings {
  /** The language of notices and answers, unless a connection asks for another with `/lang`; refusals also carry their code. */
  readonly language: Language
  /** The room that everybody is in at first. */
  readonly room: string
  /** Where links to this host begin, `https://chat.example.org/chat`; left out, at the address that a client came to. */
  readonly publicUrl?: string
  /** How files reach members here unless they say otherwise with `/files`. */
  readonly files: FileMode
  /** Larger files reach everybody as links, except after `/get`; 0: none is too large. */
  readonly inlineMaxBytes: number
  /** Bytes of one line without its end. */
  readonly maxLineBytes: number
  /** Where the host wants its token: how long somebody has to show it. */
  readonly handshakeMs: number
  /** Text lines a second for each connection, 0 for no limit; loopback only where `rateOnLoopback`. */
  readonly linesPerSecond: number
  readonly linesBurst: number
  readonly rateOnLoopback: boolean
  /** Above this much waiting, a peer reads on from the journal later. */
  readonly outboxMarkBytes: number
  /** An upload's bytes that wait for the disk. */
  readonly bodyMarkBytes: number
  /** An upload that sends nothing for this long has failed. */
  readonly uploadStallMs: number
  /** And so has one of which fewer bytes than these come in this long: somebody may be typing. */
  readonly uploadWindowMs: number
  readonly uploadLeastBytes: number
  /** The least silence around a file's header and end mark, so that the seed's client reads each by itself. */
  readonly apartMs: number
  /** How long a peer that has closed its own side may go on reading. */
  readonly halfCloseMs: number
  /** The same, of a peer whose last words were a file. */
  readonly fileHalfCloseMs: number
  /** Lines that `/history` shows without a number, and at most. */
  readonly historyLines: number
  readonly maxHistoryLines: number
  /** Different rooms one connection may join. */
  readonly roomsPerConnection: number
}
