// `npm run test-report`: runs every test and writes docs/explain/test-report.md, which says what each promise and each case of the abuse catalogue
// is shown by. `npm run test-report -- report.json` takes the report of a run that has been: `vitest run --reporter=json`.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { thisMachine } from '../bench/report/machine.ts'
import { absent, cases, promises } from './claims.ts'
import { wrapped } from './wrap.ts'

interface Report {
  readonly testResults: readonly {
    readonly name: string
    readonly assertionResults: readonly {
      readonly ancestorTitles: readonly string[]
      readonly title: string
      readonly status: string
    }[]
  }[]
}

interface Shown {
  readonly file: string
  readonly status: 'passed' | 'failed' | 'skipped'
}

/** What a title says it shows: `P1, C78: …`, `C101 to C106 …`, `… (C61, C82)`. Elsewhere C0 and C1 are control characters. */
function claimsIn(title: string): readonly string[] {
  const first = /^(?:[CP]\d+(?: to |, and | and |[\s,:]+|$))+/.exec(title)?.[0] ?? ''
  const behind = Array.from(title.matchAll(/\(((?:[CP]\d+[\s,]*)+)[^)]*\)/g), ([, inside]) => inside)
  return [first, ...behind].flatMap((text = '') => {
    const ranges = Array.from(text.matchAll(/C(\d+) to C(\d+)/g), ([, from, to]) =>
      Array.from({ length: Number(to) - Number(from) + 1 }, (_, index) => `C${Number(from) + index}`),
    )
    return [...(text.match(/[CP]\d+/g) ?? []), ...ranges.flat()]
  })
}

function newReport(): Report {
  const directory = mkdtempSync(join(tmpdir(), 'tamtam-test-report-'))
  const file = join(directory, 'report.json')
  const args = [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${file}`,
  ]
  spawnSync(process.execPath, args, { stdio: 'inherit' })
  try {
    return read(file)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

const read = (file: string): Report => JSON.parse(readFileSync(file, 'utf8')) as Report

/** Every test by what it claims to show; `*` are all of them. */
function shownBy({ testResults }: Report): ReadonlyMap<string, readonly Shown[]> {
  const shown = new Map<string, Shown[]>()
  for (const { name, assertionResults } of testResults)
    for (const { ancestorTitles, title, status } of assertionResults) {
      const known = status === 'passed' || status === 'failed' ? status : 'skipped'
      for (const claim of new Set(['*', ...[...ancestorTitles, title].flatMap(claimsIn)])) {
        const tests = shown.get(claim) ?? []
        tests.push({ file: relative(join(process.cwd(), 'test'), name), status: known })
        shown.set(claim, tests)
      }
    }
  return shown
}

const count = (tests: readonly Shown[], status: Shown['status']): number =>
  tests.filter((test) => test.status === status).length

function result(tests: readonly Shown[], why: string | undefined): string {
  if (tests.length === 0) return why ?? '**no test**'
  const failed = count(tests, 'failed')
  if (failed > 0) return `**${failed} failed**`
  const skipped = count(tests, 'skipped')
  return skipped === 0 ? 'passed' : `**${skipped} skipped**`
}

function where(tests: readonly Shown[]): string {
  const files = [...new Set(tests.map(({ file }) => file))].sort()
  return files.map((file) => `\`${file}\``).join(', ')
}

const row = (...cells: readonly (string | number)[]): string =>
  `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`

function page(shown: ReadonlyMap<string, readonly Shown[]>): string {
  const of = (claim: string): readonly Shown[] => shown.get(claim) ?? []
  const { date, processor, system, node, commit } = thisMachine()
  const all = of('*')
  const results = cases.map((_, index) => result(of(`C${index + 1}`), absent[index + 1]))
  const number = (wanted: (text: string) => boolean) => results.filter(wanted).length
  return [
    '# Test report',
    '',
    wrapped(
      [
        `Made by \`npm run test-report\` from a run of every test: ${date}, ${processor}, ${system}, Node ${node}, commit ${commit}.`,
        `${all.length} tests: ${count(all, 'passed')} passed, ${count(all, 'failed')} failed, ${count(all, 'skipped')} skipped.`,
        `Of ${cases.length} cases ${number((text) => text === 'passed')} are shown by tests that all passed, ${number((text) => text === '**no test**')} have no test, ${number((text) => Object.values(absent).includes(text))} cannot be tested here.`,
      ].join(' '),
    ),
    '',
    wrapped(
      'A test counts for a promise or a case when its title names it. Read the test to judge whether it shows all of it.',
    ),
    '',
    '## Promises',
    '',
    row('', 'promise', 'tests', 'result', 'where'),
    row('---', '---', '--:', '---', '---'),
    ...Object.entries(promises).map(([name, text]) =>
      row(name, text, of(name).length, result(of(name), undefined), where(of(name))),
    ),
    '',
    '## Cases of the abuse catalogue',
    '',
    row('', 'case', 'tests', 'result', 'where'),
    row('---', '---', '--:', '---', '---'),
    ...cases.map((text, index) => {
      const tests = of(`C${index + 1}`)
      return row(`C${index + 1}`, text, tests.length, results[index] ?? '', where(tests))
    }),
    '',
  ].join('\n')
}

const [given] = process.argv.slice(2)
const shown = shownBy(given === undefined ? newReport() : read(given))
writeFileSync(new URL('../docs/explain/test-report.md', import.meta.url), page(shown))
const stale = Object.keys(absent).filter((number) => shown.has(`C${number}`))
if (stale.length > 0) console.error(`these cases have tests by now, and a reason to have none: ${stale.join(', ')}`)
process.exit(stale.length === 0 && count(shown.get('*') ?? [], 'failed') === 0 ? 0 : 1)
