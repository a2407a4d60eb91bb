/** How things look; nothing is told by looks alone. */
export interface Paint {
  nick(name: string): string
  own(name: string): string
  /** A line in which one is named. */
  mention(text: string): string
  notice(text: string): string
  wrong(text: string): string
  faint(text: string): string
}

type Style = (text: string) => string

const style =
  (on: string, off: string): Style =>
  (text) =>
    `\x1b[${on}m${text}\x1b[${off}m`

const plain: Style = (text) => text
const bold = style('1', '22')
const faint = style('2', '22')
const inverse = style('7', '27')
const colour = (code: number) => style(String(code), '39')

/** Without any escape sequence. */
export const unpainted: Paint = { nick: plain, own: plain, mention: plain, notice: plain, wrong: plain, faint: plain }

/** One of the colours for each name, always the same. */
function byName(codes: readonly number[]): Style {
  const styles = codes.map(colour)
  return (name) => {
    let hash = 0
    for (const sign of name) hash = (hash * 31 + (sign.codePointAt(0) ?? 0)) % 1_000_003
    return (styles[hash % styles.length] ?? plain)(name)
  }
}

/** The first one is used unless somebody chooses; `mono` is also what NO_COLOR asks for. */
export const themes = {
  dark: {
    nick: byName([91, 92, 93, 94, 95, 96]),
    own: bold,
    mention: style('1;93', '22;39'),
    notice: colour(36),
    wrong: colour(91),
    faint,
  },
  light: {
    nick: byName([31, 32, 34, 35, 36]),
    own: bold,
    mention: style('1;34', '22;39'),
    notice: colour(90),
    wrong: colour(31),
    faint,
  },
  mono: { nick: bold, own: bold, mention: inverse, notice: plain, wrong: bold, faint },
} as const satisfies Readonly<Record<string, Paint>>

export type Theme = keyof typeof themes
export const themeNames = Object.keys(themes) as readonly Theme[]
export const isTheme = (name: string): name is Theme => Object.hasOwn(themes, name)
