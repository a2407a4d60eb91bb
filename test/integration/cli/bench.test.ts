import { spawnSync } from 'node:child_process'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { howToGetNats } from '../../../bench/run/nats.ts'
import { MEASURED } from '../../../bench/run/tools.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { bareEnv } from '../../harness/host-process.ts'
import { NODE } from '../../harness/program.ts'
import { hasTool, needs, type Tool } from '../../harness/tools.ts'

const MAIN = fileURLToPath(new URL('../../../bench/main.ts', import.meta.url))

function bench(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const [node, ...flags] = NODE
  return spawnSync(node, [...flags, MAIN, ...args], {
    encoding: 'utf8',
    env: { ...bareEnv(), ...env },
    maxBuffer: 16 * 1024 * 1024,
  })
}

interface Section {
  readonly title: string
  readonly head: readonly string[]
  readonly notes: readonly string[]
  readonly raw: Readonly<Record<string, readonly Readonly<Record<string, number | null>>[]>>
}

/** Of each kind one: commands, files beside other servers, connections, lines to many, and work without a host. `BENCH=all` runs every part. */
const KINDS = ['start', 'folders', 'file', 'joins', 'fanout', 'scan']

test('each kind of part of the benchmark runs, and measures everything that this machine has the programs for', async () => {
  const json = join(await temporaryDirectory(), 'figures.json')
  const [, parts = ''] = /--only <section> +(.*);/.exec(bench(['--help']).stdout) ?? []
  // `npm run load` is for itself, and has a test of its own.
  const usual = parts.split(' | ').filter((part) => part !== 'stress')
  expect(usual).toEqual(expect.arrayContaining(KINDS))
  const chosen = process.env['BENCH'] === 'all' ? usual : KINDS
  const { status, stdout, stderr } = bench([
    ...['--smoke', '--json', json],
    ...chosen.flatMap((part) => ['--only', part]),
  ])
  expect(status, stderr).toBe(0)
  const sections: readonly Section[] = JSON.parse(readFileSync(json, 'utf8')).sections
  expect(sections.length).toBeGreaterThanOrEqual(chosen.length)
  for (const { title, head, notes, raw } of sections) {
    expect(stdout).toContain(title)
    expect(notes.at(-1)).toMatch(/1 round, \d+ s; (quiet|busy|whether)/)
    expect(Object.keys(raw).length, title).toBeGreaterThan(0)
    for (const [name, rounds] of Object.entries(raw)) {
      const figures = Object.entries(rounds[0] ?? {}).filter(([head]) => head !== '')
      expect(
        figures.some(([figure, value]) => head.includes(figure) && value !== null),
        `${title}: ${name}`,
      ).toBe(true)
    }
    const missing = notes.filter((note) => note.startsWith('not measured: '))
    const tools = (Object.keys(MEASURED) as Tool[]).filter((tool) => !hasTool(tool))
    for (const note of missing.filter((each) => !each.includes(howToGetNats)))
      expect(
        tools.some((tool) => note.includes(`install ${tool} `)),
        note,
      ).toBe(true)
  }
})

test('a byte that came wrong ends the benchmark with 1, whoever brought it', async () => {
  needs('curl', 'script')
  const directory = await temporaryDirectory()
  const curl = join(directory, 'curl')
  // The option behind -o is the file that it brings.
  writeFileSync(
    curl,
    `#!/bin/sh
PATH=\${PATH#*:} curl "$@" || exit
while [ $# -gt 0 ]; do [ "$1" = -o ] && printf x >>"$2"; shift; done
`,
  )
  chmodSync(curl, 0o755)
  const PATH = `${directory}:${process.env['PATH']}`
  const { status, stderr } = bench(['--smoke', '--only', 'receivers'], { PATH })
  expect(stderr).toMatch(/the benchmark failed: curl × 1 on tamtam: diff .*ended with 1/)
  expect(status).toBe(1)
})

test('an unknown part is refused with the names of all', () => {
  const { status, stderr } = bench(['--only', 'speed'])
  expect(status).toBe(2)
  expect(stderr).toContain('there is no section speed; there are waits, start, folders')
})
