// The speed of tamtam, beside baselines of the same run: `bench/README.md`.
import { mkdirSync, writeFileSync } from 'node:fs'
import { thisMachine } from './report/machine.ts'
import { isMet, type Section, toMarkdown, toText } from './report/section.ts'
import { Processes } from './run/processes.ts'
import { type Bench, parseSettings, type SectionName, type Settings, USAGE } from './run/settings.ts'
import { chat, idle, joins, start } from './scenarios/clients.ts'
import { fanout, latency, sessions, stalled } from './scenarios/fan-out.ts'
import { files, transfers } from './scenarios/files.ts'
import { scan } from './scenarios/scan.ts'

const PARTS: Readonly<Record<SectionName, (bench: Bench) => Promise<readonly Section[]>>> = {
  fanout,
  sessions,
  latency,
  idle,
  joins,
  start,
  files,
  transfers,
  chat,
  stalled,
  scan,
}
const LENGTHS = { quick: { warmUpMs: 300, measureMs: 500 }, full: { warmUpMs: 800, measureMs: 1500 } }

function settingsOf(args: readonly string[]): Settings {
  try {
    const settings = parseSettings(args)
    if (settings !== 'help') return settings
    process.stdout.write(`${USAGE}\n`)
    process.exit(0)
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${USAGE}\n`)
    process.exit(2)
  }
}

async function run(settings: Settings): Promise<void> {
  const processes = new Processes(settings.directory)
  processes.clearAtExit()
  const lengths = settings.quick ? LENGTHS.quick : LENGTHS.full
  const report = (line: string) => process.stderr.write(`… ${line}\n`)
  const machine = thisMachine()
  const about = `${machine.date}, ${machine.processor}, ${machine.system}, Node ${machine.node}, commit ${machine.commit}`
  process.stdout.write(`${about}\n${settings.rounds} rounds; durable data in ${processes.directory}\n`)
  const sections: Section[] = []
  for (const name of new Set(settings.only)) {
    for (const section of await PARTS[name]({ processes, settings, ...lengths, report })) {
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
  if (settings.write) write(about, sections)
}

function write(about: string, sections: readonly Section[]): void {
  const docs = new URL('../docs/', import.meta.url)
  const head = `# Benchmarks\n\nMeasured ${about}. \`npm run bench -- --write\` measures again and writes this page;\n[how to read it](../bench/README.md).\n`
  mkdirSync(docs, { recursive: true })
  writeFileSync(new URL('benchmarks.md', docs), `${[head, ...sections.map(toMarkdown)].join('\n')}`)
}

run(settingsOf(process.argv.slice(2))).then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`the benchmark failed: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(1)
  },
)
