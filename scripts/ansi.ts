const BASIC = ['#20282c', '#e0665f', '#7fbf6a', '#d9b24c', '#6aa5e0', '#c584d6', '#58bfc0', '#dde5e8']
const BRIGHT = ['#6f8088', '#ff8a82', '#9fdf8a', '#f5d06e', '#8fc2ff', '#e0a5f0', '#7fdfe0', '#ffffff']
const LEVELS = [0, 95, 135, 175, 215, 255]

/** One of the 256 colours of terminals. */
function colour(index: number): string {
  if (index < 16) return (index < 8 ? BASIC : BRIGHT)[index % 8] ?? ''
  if (index > 231)
    return `rgb(${Array(3)
      .fill(8 + 10 * (index - 232))
      .join()})`
  const [r, g, b] = [36, 6, 1].map((place) => LEVELS[Math.floor((index - 16) / place) % 6])
  return `rgb(${r},${g},${b})`
}

interface Look {
  readonly front?: string
  readonly back?: string
  readonly marks: ReadonlySet<number>
}

/** As text in HTML; blocks are elements, to be drawn without the gaps between the lines of a font. */
const escaped = (text: string): string =>
  text
    .replace(/[&<]/g, (character) => (character === '<' ? '&lt;' : '&amp;'))
    .replace(/[█▀▄]/g, (block) => `<b class="${({ '█': 'full', '▀': 'upper' })[block] ?? 'lower'}"></b>`)

/** What `tmux capture-pane -e` prints, as HTML: text, with the colours and marks of SGR. */
export function ansiToHtml(text: string): string {
  let look: Look = { marks: new Set() }
  return text
    .split(/(\u001b\[[\d;]*m)/)
    .map((part) => {
      const [, codes] = /^\u001b\[([\d;]*)m$/.exec(part) ?? []
      if (codes === undefined) return part === '' ? '' : `<span style="${styleOf(look)}">${escaped(part)}</span>`
      look = changed(look, codes.split(';').map(Number))
      return ''
    })
    .join('')
}

function changed(before: Look, codes: readonly number[]): Look {
  let { front, back } = before
  const marks = new Set(before.marks)
  const rest = [...codes]
  for (let code = rest.shift(); code !== undefined; code = rest.shift()) {
    if (code === 0) {
      front = back = undefined
      marks.clear()
    } else if (code === 38 || code === 48) {
      const kind = rest.shift()
      const value = kind === 2 ? `rgb(${rest.splice(0, 3).join()})` : colour(rest.shift() ?? 0)
      if (code === 38) front = value
      else back = value
    } else if (code === 39) front = undefined
    else if (code === 49) back = undefined
    else if (code === 22) for (const mark of [1, 2]) marks.delete(mark)
    else if (code > 22 && code < 30) marks.delete(code - 20)
    else if (code < 10) marks.add(code)
    else if (code < 38) front = BASIC[code - 30]
    else if (code < 48) back = BASIC[code - 40]
    else if (code < 98) front = BRIGHT[code - 90]
    else back = BRIGHT[code - 100]
  }
  return { marks, ...(front === undefined ? {} : { front }), ...(back === undefined ? {} : { back }) }
}

function styleOf({ front, back, marks }: Look): string {
  const [text, ground] = marks.has(7) ? [back ?? '#12181b', front ?? '#dde5e8'] : [front, back]
  return [
    text === undefined ? '' : `color:${text}`,
    ground === undefined ? '' : `background:${ground}`,
    marks.has(1) ? 'font-weight:bold' : '',
    marks.has(2) ? 'opacity:.65' : '',
    marks.has(4) ? 'text-decoration:underline' : '',
  ]
    .filter((rule) => rule !== '')
    .join(';')
}
