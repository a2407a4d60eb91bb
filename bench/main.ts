// The speed of tamtam, beside what others do in the same run: `bench/README.md`.
import { mkdirSync, writeFileSync } from 'node:fs'
import { wrapped } from '../scripts/wrap.ts'
import { chartsOf } from './report/charts.ts'
import { thisMachine } from './report/machine.ts'
import { isMet, type Section, toMarkdown, toText } from './report/section.ts'
import { type Comparison, compare } from './run/compare.ts'
import { Processes } from './run/processes.ts'
import { type Bench, parseSettings, type Settings, usageOf } from './run/settings.ts'
import { chat, idle, joins, start, waits } from './scenarios/clients.ts'
import { cluster } from './scenarios/cluster.ts'
import { consoles, fanout, latency, sessions, stalled } from './scenarios/fan-out.ts'
import { file, folders, receivers } from './scenarios/files.ts'
import { scan } from './scenarios/scan.ts'
import { stress } from './scenarios/stress.ts'

/** What people start, then the engine. */
const PARTS: Readonly<Record<string, (bench: Bench) => AsyncGenerator<Comparison>>> = {
  ...{ waits, start, folders, file, receivers, console: consoles, joins },
  ...{ fanout, sessions, latency, stalled, idle, chat, cluster, scan },
  stress,
}
const NAMES = Object.keys(PARTS)

function settingsOf(args: readonly string[]): Settings {
  try {
    const settings = parseSettings(args, NAMES)
    if (settings !== 'help') return settings
    process.stdout.write(`${usageOf(NAMES)}\n`)
    process.exit(0)
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${usageOf(NAMES)}\n`)
    process.exit(2)
  }
}

async function run(settings: Settings): Promise<void> {
  const processes = new Processes(settings.directory)
  processes.clearAtExit()
  const report = (line: string) => process.stderr.write(`… ${line}\n`)
  const machine = thisMachine()
  const about = `${machine.date}, ${machine.processor}, ${machine.system}, Node ${machine.node}, commit ${machine.commit}`
  process.stdout.write(`${about}\n${settings.rounds} rounds; durable data in ${processes.directory}\n`)
  const sections: Section[] = []
  for (const name of new Set(settings.only)) {
    for await (const comparison of PARTS[name]?.({ processes, settings }) ?? []) {
      report(comparison.title)
      const section = await compare(comparison, settings.rounds)
      process.stdout.write(`${toText(section)}\n`)
      sections.push(section)
    }
  }
  const missed = sections.flatMap(({ title, findings }) =>
    findings.filter((finding) => isMet(finding) === false).map(({ what }) => `${what} (${title})`),
  )
  process.stdout.write(
    `\n${missed.length === 0 ? 'all targets are met' : `targets missed:\n  ${missed.join('\n  ')}`}\n`,
  )
  if (settings.json !== undefined) writeFileSync(settings.json, `${JSON.stringify({ machine, sections }, null, 1)}\n`)
  if (settings.write) write(`${about}, ${settings.rounds} rounds`, sections)
}

/** The page, and the pictures of it that README shows. */
function write(about: string, sections: readonly Section[]): void {
  const images = new URL('../docs/images/', import.meta.url)
  mkdirSync(images, { recursive: true })
  const charts = chartsOf(sections)
  for (const [name, svg] of charts) writeFileSync(new URL(`benchmarks-${name}`, images), svg)
  const busy = sections.filter(({ isBusy }) => isBusy).length
  const warning =
    busy === 0
      ? ''
      : `**Other programs were busy in ${busy} of ${sections.length} parts: do not believe these figures.**\n`
  const measured = wrapped(`Measured ${about}.`)
  const head = `# Benchmarks\n\n${measured}\n${warning}\`npm run bench -- --write\` measures again and writes this page;\n[how to read it](../../bench/README.md).\n`
  const pictures = [...charts.keys()].filter((name) => name.endsWith('-light.svg')).map((name) => picture(name))
  const page = new URL('../docs/explain/benchmarks.md', import.meta.url)
  writeFileSync(page, [head, ...pictures, ...sections.map(toMarkdown)].join('\n'))
}

/** For light and dark pages. */
const picture = (light: string): string => {
  const dark = light.replace('-light', '-dark')
  const text = light.replace('-light.svg', '').replace('-', ' ')
  return `<picture><source media="(prefers-color-scheme: dark)" srcset="../images/benchmarks-${dark}"><img alt="chart: ${text}" src="../images/benchmarks-${light}"></picture>\n`
}

run(settingsOf(process.argv.slice(2))).then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`the benchmark failed: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(1)
  },
)
