import { init } from 'echarts'
import type { Section } from './section.ts'

/** `name` is that of the file without its ending. */
interface Chart {
  readonly name: string
  svg(theme: Theme): string
}

interface Theme {
  readonly text: string
  readonly lines: string
  readonly colours: readonly string[]
}

const THEMES: Readonly<Record<'light' | 'dark', Theme>> = {
  light: { text: '#1f2328', lines: '#d1d9e0', colours: ['#0969da', '#bc4c00', '#1a7f37', '#8250df'] },
  dark: { text: '#f0f6fc', lines: '#3d444d', colours: ['#4493f8', '#f0883e', '#3fb950', '#ab7df8'] },
}
const SIZE = { width: 860, height: 400 }
const FONT = 'system-ui, sans-serif'

/** Pictures of a run, by file name. A part that was not measured is left out. */
export function chartsOf(sections: readonly Section[]): ReadonlyMap<string, string> {
  const charts = [people(sections), fanOut(sections), cost(sections)]
  return new Map(
    charts.flatMap(({ name, svg }) =>
      Object.entries(THEMES).map(([theme, colours]) => [`${name}-${theme}.svg`, svg(colours)] as const),
    ),
  )
}

/** One row of bars: a figure of a section, of these contenders by series. */
interface Row {
  readonly label: string
  readonly section: Section
  readonly figure: string
  readonly of: readonly string[]
}

const found = (sections: readonly Section[], prefix: string) => sections.filter(({ id }) => id.startsWith(prefix))

function people(sections: readonly Section[]): Chart {
  const others = ['scp', 'rsync daemon', 'curl on nginx']
  const rows = [
    ...found(sections, 'folder-').map((section): Row => {
      return {
        label: `send ${section.title.split(', ')[1]}`,
        section,
        figure: 'up s',
        of: ['tamtam send, get', ...others],
      }
    }),
    ...found(sections, 'file').map((section): Row => {
      const [size = ''] = /\d+ MB/.exec(section.title) ?? []
      return { label: `${size} up and down`, section, figure: 'both s', of: ['tamtam send, get', ...others] }
    }),
    ...found(sections, 'receivers-10').map((section): Row => {
      const [size = ''] = /\d+ MB/.exec(section.title) ?? []
      return { label: `${size} to ten`, section, figure: 'both s', of: ['tamtam send, get × 10', ...others] }
    }),
  ]
  return bars('people', 'What people start: seconds, less is better', ['tamtam', 'scp', 'rsync', 'curl, nginx'], rows)
}

function fanOut(sections: readonly Section[]): Chart {
  const rows = found(sections, 'fanout-').map((section): Row => {
    const [, label = ''] = section.title.split(': ')
    return { label, section, figure: 'deliveries/s', of: ['memory', 'durable', 'nats'] }
  })
  const sessions = found(sections, 'sessions-').map((section): Row => {
    const [, label = ''] = section.title.split(': ')
    return { label: `WebSocket, ${label}`, section, figure: 'deliveries/s', of: ['websocket', '', '', 'socket.io'] }
  })
  const series = ['tamtam', 'tamtam, durable', 'nats-server', 'Socket.IO']
  return bars('fan-out', 'Lines delivered a second: more is better', series, [...rows, ...sessions])
}

function bars(name: string, title: string, series: readonly string[], rows: readonly Row[]): Chart {
  const upward = rows.toReversed()
  const value = ({ section, figure, of }: Row, index: number) => section.typical[of[index] ?? '']?.[figure] ?? null
  const values = rows.flatMap((row) => series.map((_, index) => value(row, index) ?? Number.POSITIVE_INFINITY))
  // Bars of a logarithmic axis begin somewhere below the shortest.
  const base = 10 ** Math.floor(Math.log10(Math.min(1e9, ...values)) - 0.3)
  return {
    name,
    svg: (theme) =>
      draw(theme, {
        title: [{ text: title, textStyle: { color: theme.text, fontSize: 15 } }],
        legend: { top: 34, itemGap: 30, textStyle: { color: theme.text } },
        grid: { left: 310, right: 60, top: 70, bottom: 30 },
        xAxis: { type: 'log', startValue: base, min: base, ...axis(theme) },
        yAxis: { type: 'category', data: upward.map(({ label }) => label), ...axis(theme) },
        series: series.map((label, index) => ({
          name: label,
          type: 'bar',
          data: upward.map((row) => value(row, index)),
          label: {
            show: true,
            position: 'right',
            color: theme.text,
            formatter: ({ value: at }: Labelled) => short(at),
          },
        })),
      }),
  }
}

/** What is drawn of a point. */
interface Labelled {
  readonly value: number | null
}

function short(value: number | null): string {
  if (value === null || value === undefined || Number.isNaN(value)) return ''
  const [size, unit] = value >= 1e6 ? [value / 1e6, ' M'] : value >= 1e4 ? [value / 1e3, ' k'] : [value, '']
  return `${size >= 100 || size === 0 ? size.toFixed(0) : size.toPrecision(2)}${unit}`
}

/** A figure against how much there is of something. */
interface Growth {
  readonly title: string
  readonly unit: string
  /** By series. */
  readonly points: Readonly<Record<string, readonly (readonly [amount: number, figure: number])[]>>
}

function cost(sections: readonly Section[]): Chart {
  const joins = sections.find(({ id }) => id === 'joins')?.typical ?? {}
  const start = sections.find(({ id }) => id === 'start')?.typical ?? {}
  const numbered = (typical: Section['typical'], pattern: RegExp, figure: string) =>
    Object.entries(typical).flatMap(([name, figures]) => {
      const [, amount] = pattern.exec(name) ?? []
      return amount === undefined ? [] : [[Number(amount), figures[figure] ?? Number.NaN] as const]
    })
  const files = (contender: string) =>
    found(sections, 'folder-').flatMap(({ id, typical }) => {
      const count = Number(id.slice('folder-'.length))
      return count === 1 ? [] : [[count, ((typical[contender]?.['up s'] ?? Number.NaN) * 1000) / count] as const]
    })
  const growths: readonly Growth[] = [
    {
      title: 'members',
      unit: 'CPU ms a join',
      points: {
        alone: numbered(joins, /^(\d+)$/, 'CPU ms each'),
        'with nicks': numbered(joins, /^(\d+) with nicks$/, 'CPU ms each'),
      },
    },
    {
      title: 'files in the folder',
      unit: 'ms a file',
      points: { 'tamtam send': files('tamtam send, get'), 'scp -r': files('scp') },
    },
    {
      title: 'MB of messages',
      unit: 'ms to start',
      points: {
        'tamtam host': [
          [0, start['tamtam']?.['listening ms'] ?? Number.NaN],
          ...numbered(start, /, (\d+) MB/, 'listening ms'),
        ],
      },
    },
  ]
  const places = growths.map((_, index) => ({ left: `${7 + index * 32}%`, width: '24%', top: 70, bottom: 40 }))
  return {
    name: 'cost',
    svg: (theme) =>
      draw(theme, {
        title: growths.map(({ title, unit }, index) => ({
          ...{ text: `${unit}, by ${title}`, left: places[index]?.left, top: 8 },
          textStyle: { color: theme.text, fontSize: 13 },
        })),
        legend: growths.map(({ points }, index) => ({
          ...{
            data: Object.keys(points),
            left: places[index]?.left,
            top: 30,
            itemGap: 24,
            textStyle: { color: theme.text },
          },
        })),
        grid: places,
        xAxis: growths.map(({ points }, gridIndex) => {
          const amounts = [...new Set(Object.values(points).flatMap((each) => each.map(([amount]) => amount)))]
          return {
            type: 'category',
            gridIndex,
            data: amounts.sort((one, other) => one - other).map(String),
            ...axis(theme),
          }
        }),
        yAxis: growths.map((_, gridIndex) => ({ type: 'value', gridIndex, min: 0, ...axis(theme) })),
        series: growths.flatMap(({ points }, index) =>
          Object.entries(points).map(([name, data]) => ({
            ...{ name, type: 'line', xAxisIndex: index, yAxisIndex: index, symbolSize: 7 },
            data: data.map(([amount, figure]) => [String(amount), figure]),
          })),
        ),
      }),
  }
}

const axis = (theme: Theme) => ({
  axisLabel: {
    color: theme.text,
    formatter: (value: number | string) => (typeof value === 'string' ? value : short(value)),
  },
  axisLine: { lineStyle: { color: theme.lines } },
  splitLine: { lineStyle: { color: theme.lines } },
})

function draw(theme: Theme, option: object): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, ...SIZE })
  chart.setOption({
    ...{ animation: false, backgroundColor: 'transparent', color: [...theme.colours] },
    textStyle: { fontFamily: FONT },
    ...option,
  })
  const svg = chart.renderToSVGString()
  chart.dispose()
  return `${svg}\n`
}
