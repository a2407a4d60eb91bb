import type { Paint } from './rows.ts'

/** What a terminal shows, and how. */
export interface TerminalOptions {
  /** `rows`: for people. `json`: every event as one object, for programs. `none`: only answers. */
  readonly events: 'rows' | 'json' | 'none'
  /** Whether each line that is said waits for the room's answer; else lines are posted, and only refusals are reported. */
  readonly waits: boolean
  /** Undefined where no escape sequence may be written. */
  readonly paint: Paint | undefined
  readonly time: boolean
  /** Whether a message of several lines takes several lines. */
  readonly tall: boolean
  /** Whether one's own messages are shown, once the room has them. */
  readonly echo: boolean
  /** Whether there is a frame for changing state; otherwise each receipt is a line. */
  readonly live: boolean
  /** Where one stopped reading is marked. */
  readonly divider: boolean
  /** How many entries of history are shown at first. */
  readonly history: number
}

/** How much history is shown at first. */
export const HISTORY = 20

/** On a screen of its own. */
export const onScreen = (paint: Paint): TerminalOptions => ({
  paint,
  events: 'rows',
  waits: true,
  time: true,
  tall: true,
  echo: true,
  live: true,
  divider: true,
  history: HISTORY,
})
