export interface ChartProps {
  readonly title: string
  /** The newest value, as people read it. */
  readonly shown: string
  /** From the oldest to the newest; a gap where nothing was measured. */
  readonly values: readonly (number | undefined)[]
}

const WIDTH = 240
const HEIGHT = 48

/** One line over time, from 0 to its own greatest value. */
export function Chart({ title, shown, values }: ChartProps) {
  const top = Math.max(...values.map((value) => value ?? 0), Number.MIN_VALUE)
  const step = WIDTH / Math.max(1, values.length - 1)
  const points = values.flatMap((value, index) =>
    value === undefined
      ? []
      : [`${(index * step).toFixed(1)},${(HEIGHT - 2 - (value / top) * (HEIGHT - 4)).toFixed(1)}`],
  )
  return (
    <figure class="chart">
      <figcaption>
        {title} <b>{shown}</b>
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={`${title}: ${shown}`}>
        <polyline points={points.join(' ')} />
      </svg>
    </figure>
  )
}
