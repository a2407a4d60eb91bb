import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { forTerminal } from '#domain/names/text.ts'
import { amountText, durationText, sizeText } from '#i18n/format.ts'
import { fullPageTranslator } from '../text/translator.ts'
import { type Facts, type Reading, readingOf } from './facts.ts'

const EVERY_MS = 1000
/** Two minutes. */
const READINGS = 120

const language = /^(?:id|in)\b/i.test(navigator.language) ? 'id' : 'en'
const { say } = await fullPageTranslator(language)

/** The state of the host, for its operator. */
export function StatusPage() {
  const facts = useSignal<Facts | undefined>(undefined)
  const readings = useSignal<readonly Reading[]>([])
  const isLost = useSignal(false)
  useEffect(() => {
    const refresh = async () => {
      const answer = await fetch(location.pathname.replace(/\/?$/, '/facts'), { cache: 'no-store' })
      const now = (await answer.json()) as Facts
      const before = facts.peek()
      facts.value = now
      // Started again since, it counts from 0.
      if (before !== undefined && now.upMs > before.upMs)
        readings.value = [...readings.peek(), readingOf(before, now)].slice(-READINGS)
      isLost.value = false
    }
    const again = () =>
      refresh()
        .catch(() => {
          isLost.value = true
        })
        .finally(() => {
          timer = setTimeout(again, EVERY_MS)
        })
    let timer: ReturnType<typeof setTimeout> | undefined
    void again()
    return () => clearTimeout(timer)
  }, [])
  const now = facts.value
  if (now === undefined) return <main>{say(isLost.value ? 'notReached' : 'connecting')}</main>
  return (
    <main>
      <h1>{say('hostStatus')}</h1>
      <p role="status">
        {isLost.value
          ? say('notReached')
          : say('upFor', { time: durationText(now.upMs), memory: sizeText(now.memoryBytes, language) })}
      </p>
      <Charts readings={readings.value} />
      <Space {...now.space} />
      <p>
        SSH <code>{now.sshFingerprint}</code>
      </p>
      <Rooms rooms={now.rooms} />
      <Transfers transfers={now.transfers} />
    </main>
  )
}

function Charts({ readings }: { readonly readings: readonly Reading[] }) {
  const last = readings.at(-1)
  const ms = (value: number | undefined) =>
    value === undefined ? '–' : `${value.toFixed(value < 1 ? 2 : value < 10 ? 1 : 0)} ms`
  const rate = (bytes = 0) => `${sizeText(bytes, language)}/s`
  const charts = [
    ['people', String(last?.people ?? 0), 'people'],
    ['connectionsNow', String(last?.connections ?? 0), 'connections'],
    ['messagesPerSecond', (last?.messagesPerSecond ?? 0).toFixed(1), 'messagesPerSecond'],
    ['filesIn', rate(last?.receivedPerSecond), 'receivedPerSecond'],
    ['filesOut', rate(last?.sentPerSecond), 'sentPerSecond'],
    ['commitTime', ms(last?.commitMs), 'commitMs'],
    ['slowCommits', ms(last?.slowCommitMs), 'slowCommitMs'],
    ['memoryNow', sizeText(last?.memoryBytes ?? 0, language), 'memoryBytes'],
  ] as const
  const scale: Readonly<Record<string, (value: number) => string>> = {
    ...{ receivedPerSecond: rate, sentPerSecond: rate, commitMs: ms, slowCommitMs: ms },
    memoryBytes: (value) => sizeText(value, language),
  }
  return (
    <section class="charts" aria-label={say('lastMinutes')}>
      {charts.map(([title, shown, key]) => (
        <Chart
          key={key}
          title={say(title)}
          shown={shown}
          values={readings.map((each) => each[key])}
          scale={scale[key] ?? ((value) => String(Number(value.toFixed(1))))}
        />
      ))}
    </section>
  )
}

/** How much of files is kept, and the flags that change it. */
function Space({ maxFileBytes, hostQuotaBytes, roomQuotaBytes, fileDays, bytesLeft }: Facts['space']) {
  const limit = (bytes: number) => (bytes === 0 ? say('asTheDisk') : sizeText(bytes, language))
  const rows = [
    ['--max-file', say('oneFile'), limit(maxFileBytes)],
    ['--room-quota', say('filesOfARoom'), limit(roomQuotaBytes)],
    ['--host-quota', say('filesOfTheHost'), limit(hostQuotaBytes)],
    ['--keep-days', say('filesStay'), fileDays === 0 ? say('forEver') : say('days', { count: fileDays })],
  ] as const
  return (
    <table>
      {bytesLeft !== undefined && <caption>{say('filesLeft', { size: sizeText(bytesLeft, language) })}</caption>}
      <tbody>
        {rows.map(([flag, title, shown]) => (
          <tr key={flag}>
            <th scope="row">{title}</th>
            <td>{shown}</td>
            <td>
              <code>{flag}</code>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Rooms({ rooms }: Pick<Facts, 'rooms'>) {
  return (
    <table>
      <caption>{say('rooms')}</caption>
      <thead>
        <tr>
          <th scope="col">{say('room')}</th>
          <th scope="col">{say('people')}</th>
          <th scope="col">{say('entries')}</th>
        </tr>
      </thead>
      <tbody>
        {rooms.map(({ name, members, last }) => (
          <tr key={name}>
            <th scope="row">{forTerminal(name)}</th>
            <td>{members}</td>
            <td>{last}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Transfers({ transfers }: Pick<Facts, 'transfers'>) {
  if (transfers.length === 0) return <p>{say('noTransfers')}</p>
  return (
    <table>
      <caption>{say('onTheirWay')}</caption>
      <tbody>
        {transfers.map(({ id, name, by, room, status, offset, size }) => (
          <tr key={id}>
            <th scope="row" dir="auto">
              {forTerminal(name)}
            </th>
            <td>{forTerminal(by)}</td>
            <td>{forTerminal(room)}</td>
            <td>{amountText(offset, size, language)}</td>
            <td>{say(status === 'arriving' ? 'arriving' : 'isPaused')}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

export interface ChartProps {
  readonly title: string
  /** The newest value, as people read it. */
  readonly shown: string
  /** From the oldest to the newest; a gap where nothing was measured. */
  readonly values: readonly (number | undefined)[]
  /** A value of them, as people read it. */
  readonly scale: (value: number) => string
}

const WIDTH = 240
const HEIGHT = 48

/** One line over time, from 0 to its own greatest value. */
function Chart({ title, shown, values, scale }: ChartProps) {
  const greatest = Math.max(...values.map((value) => value ?? 0))
  const top = Math.max(greatest, Number.MIN_VALUE)
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
      <span class="fine">{say('upTo', { most: scale(greatest) })}</span>
    </figure>
  )
}
