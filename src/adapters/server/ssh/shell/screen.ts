import type { LocalSession } from '#domain/engine/session.ts'
import type { MentionedFile } from '#domain/room/events.ts'
import type { RoomAccess } from '#domain/room/room-access.ts'
import type { RoomSession } from '#domain/session.ts'
import type { Language } from '#i18n/translator.ts'
import type { SshChannel } from '../channel.ts'
import type { TerminalInput } from './terminal-input.ts'

/** What the terminal client of `tamtam join` needs for one room on a channel. */
export interface ScreenParts {
  readonly input: TerminalInput
  /** Where it draws. */
  readonly channel: SshChannel
  /** For its commands. */
  readonly room: RoomSession
  /** For its events. */
  readonly session: LocalSession
  readonly language: Language
  readonly colours: boolean
  /** Whether the terminal wraps its rows when it becomes narrower. */
  readonly reflows: boolean
  /** Below the history. */
  readonly greeting: string
  readonly access: RoomAccess
  rooms(): Promise<readonly string[]>
  /** The lines, for the client's own shell, that send a file, get one, and bring somebody else in. */
  readonly lines: {
    send(path: string): string
    get(file: MentionedFile): string
    share(): string
  }
}

/** Why it ended. */
export type ScreenEnding =
  | { readonly type: 'quit'; readonly message?: string }
  | { readonly type: 'room'; readonly room: string; readonly password?: string }
  | { readonly type: 'closed'; readonly why: string }

export interface Screen {
  /** Resolves once the terminal is as it was found. */
  readonly ended: Promise<ScreenEnding>
  end(): void
}

/** Given by the composition: the terminal client is loaded when it is first used. */
export type OpenScreen = (parts: ScreenParts) => Promise<Screen>

/** How a client's terminal calls itself, and its size. */
export interface TerminalKind {
  readonly type: string
  readonly columns: number
  readonly rows: number
}

/** Whether a cursor can be moved on it. */
export const isCapable = ({ type }: TerminalKind): boolean => type !== '' && type !== 'dumb' && type !== 'unknown'

/** Those that show no colours. */
export const isColoured = ({ type }: TerminalKind): boolean => !/^(?:vt\d|ansi-m|sun|.*-m(?:ono)?$)/.test(type)

/** By their names; others may too, and are taken not to, as for `tamtam join`. */
export const isReflowing = ({ type }: TerminalKind): boolean => /^(?:tmux|xterm-kitty|alacritty)/.test(type)
