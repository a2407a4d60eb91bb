import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { programOf } from '#app/cli/program.ts'
import { CODES } from '#domain/errors.ts'
import { commandNamed, LINE_SYNTAX } from '#protocol/commands.ts'
import { STATUSES } from '#protocol/errors.ts'
import { parseLine } from '#protocol/parse-command.ts'
import { cases } from '../../../scripts/claims.ts'
import { printedPages } from '../../../scripts/reference-pages.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const about = JSON.parse(read('package.json'))

/** The reference of the library, which another program writes. */
const API = 'docs/reference/api/'
const READMES = ['README.md', 'README.id.md'] as const
const documents = [
  ...READMES,
  'SECURITY.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'bench/README.md',
  ...globSync('docs/**/*.md', { cwd: root }).filter((path) => !path.startsWith(API)),
]
/** Written by scripts, from tests and measurements of another day. */
const made = ['docs/explain/test-report.md', 'docs/explain/benchmarks.md']

const fenced = (text: string) => text.match(/^```[\s\S]*?^```$/gm) ?? []
const linksIn = (text: string) =>
  [...text.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/\]\(([^()\s]+)\)|\bsrc(?:set)?="([^"]+)"/g)].map(
    ([, link, picture = '']) => link ?? picture,
  )

/** What is typed behind `tamtam` in a line of code, up to its comment or the next command. */
const commandsIn = (text: string): readonly string[] => {
  const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block = '']) => block.split('\n'))
  const spans = text.replace(/^```[\s\S]*?^```$/gm, '').match(/`[^`\n]+`/g) ?? []
  return [...blocks, ...spans.map((span) => span.slice(1, -1))].flatMap((line) =>
    [...line.matchAll(/(?:^|[|;&=] ?|\w=\S+ )(?:tamtam|npm (?:-s )?start --)(?: ([^|;#]*)|$)/g)].map(([, typed = '']) =>
      typed.trim(),
    ),
  )
}

/** As GitHub names the place of a heading. */
const anchorsIn = (text: string) =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-'),
  )

const matches = (paths: readonly string[], pattern: RegExp) =>
  new Set(paths.flatMap((path) => [...read(path).matchAll(pattern)].map(([, found = '']) => found)))

/** Those of the variables that a text does not name. */
const untold = (variables: ReadonlySet<string>, text: string) =>
  [...variables].filter((variable) => !new RegExp(`\`${variable}\\b`).test(text))

describe('the README in English and the one in Indonesian', () => {
  const [english, indonesian] = [read('README.md'), read('README.id.md')]

  test('have the same commands and code, in the same order', () => {
    expect(fenced(english).length).toBeGreaterThan(3)
    expect(fenced(indonesian)).toEqual(fenced(english))
  })

  test('begin with a link to each other', () => {
    expect(english.slice(0, 300)).toContain('[Bahasa Indonesia](README.id.md)')
    expect(indonesian.slice(0, 300)).toContain('[English](README.md)')
  })

  test('have as many parts, rows, pictures and links', () => {
    const shape = (text: string) => ({
      parts: text.match(/^## /gm)?.length,
      rows: text.match(/^\|/gm)?.length,
      targets: linksIn(text).filter((target) => !target.startsWith('#') && !target.startsWith('README')),
    })
    expect(shape(indonesian)).toEqual(shape(english))
  })

  test.each(READMES)('%s is read in five minutes', (path) => {
    expect(read(path).split('\n').length - 1).toBeLessThanOrEqual(130)
    expect(statSync(join(root, 'docs/images/hero.svg')).size).toBeLessThan(1_500_000)
  })
})

describe('the documents', () => {
  test.each(documents)('%s links to nothing that is not there', (path) => {
    for (const target of linksIn(read(path)).filter((each) => !/^[a-z]+:/.test(each))) {
      const [file = '', anchor] = target.split('#')
      const place = file === '' ? path : join(dirname(path), file)
      expect(existsSync(join(root, place)), `${path}: ${target}`).toBe(true)
      if (anchor !== undefined) expect(anchorsIn(read(place)), `${path}: ${target}`).toContain(anchor)
    }
  })

  test.each(documents.filter((path) => !made.includes(path)))(
    '%s names no test and no script that is not there',
    (path) => {
      const tests = globSync('test/**/*.test.ts', { cwd: root })
      for (const name of matches([path], /`([\w./-]+\.test\.ts)`/g))
        expect(
          tests.some((each) => each.endsWith(`/${name}`) || each === name),
          name,
        ).toBe(true)
      for (const script of matches([path], /\bnpm run ([a-z][\w:]*)/g))
        expect(about.scripts, script).toHaveProperty(script)
    },
  )

  test.each(documents.filter((path) => path.startsWith('docs/')))(
    '%s has one title, and no line of prose over 100 characters',
    (path) => {
      const prose = read(path).replace(/^```[\s\S]*?^```$/gm, '')
      expect(prose.match(/^# /gm)).toHaveLength(1)
      const long = prose.split('\n').filter((line) => [...line].length > 100 && !/^\s*(?:\||#|<|!\[)/.test(line))
      expect(long).toEqual([])
    },
  )

  test.each(documents.filter((path) => !made.includes(path) && path !== 'CHANGELOG.md'))(
    '%s types no command and no flag that is not there',
    (path) => {
      const commands = new Map(programOf().commands.map((command) => [command.name(), command]))
      for (const typed of commandsIn(read(path))) {
        const [first = ''] = typed.split(/\s+/)
        const command = commands.get(first.startsWith('-') ? 'host' : first)
        if (first === '' || ['…', 'help'].includes(first)) continue
        expect(command, `${path}: tamtam ${typed}`).toBeDefined()
        const flags = ['--help', '--version', ...(command?.options ?? []).map(({ long }) => long)]
        for (const [flag] of typed.matchAll(/(?<=^|\s)--[a-z][a-z-]*/g))
          expect(flags, `${path}: tamtam ${typed}`).toContain(flag)
      }
    },
  )

  test.each(['start/first-room', 'start/class', 'how-to/hand-ins', 'how-to/moderate-a-room', 'how-to/terminal'])(
    'docs/%s.md has chat commands that are taken as they stand',
    (name) => {
      const text = read(`docs/${name}.md`)
      const spans = [...text.matchAll(/`(\/[^`\n]+)`/g), ...text.matchAll(/^(\/\w.*)$/gm)].map(
        ([, typed = '']) => typed,
      )
      expect(spans.length).toBeGreaterThan(3)
      for (const typed of spans) {
        const [word = ''] = typed.slice(1).split(' ')
        if (LINE_SYNTAX.some(({ usage }) => usage.startsWith(`/${word} `))) continue
        const at = (['host', 'terminal', 'line'] as const).find((each) => commandNamed(word, each) !== undefined)
        expect(at, typed).toBeDefined()
        // A word alone may stand for its kind.
        if (at !== undefined && typed.includes(' ')) expect(parseLine(typed, { at }).type, typed).not.toBe('wrong')
      }
    },
  )

  test('CONTRIBUTING.md tells every script, every lane of tests and every variable that tests read', () => {
    const text = read('CONTRIBUTING.md')
    for (const script of Object.keys(about.scripts))
      expect(
        text.includes(['start', 'test'].includes(script) ? `\`npm ${script}` : `\`npm run ${script}\``),
        script,
      ).toBe(true)
    const lanes = matches(['vitest.config.ts'], /\bname: '(\w+)'/g)
    expect(lanes.size).toBeGreaterThan(3)
    expect([...lanes].filter((lane) => !text.includes(`\`${lane}\``))).toEqual([])
    const variables = matches(
      [...globSync('test/**/*.ts', { cwd: root }), 'scripts/test.ts'],
      /process\.env\['(\w+)'\](?! = )/g,
    )
    for (const known of ['HOME', 'PATH']) variables.delete(known)
    expect(variables).toContain('KILL_CYCLES')
    expect(untold(variables, text)).toEqual([])
  })

  test('docs/reference/settings.md tells every flag of a host and every variable that is read', () => {
    const text = read('docs/reference/settings.md')
    const host = programOf().commands.find((each) => each.name() === 'host')
    const flags = host?.options.map(({ long }) => long ?? '') ?? []
    expect(flags.length).toBeGreaterThan(20)
    expect(flags.filter((flag) => !text.includes(`\`${flag}`))).toEqual([])
    const sources = globSync('src/**/*.ts', { cwd: root })
    const variables = matches(sources, /\benv\['(TAMTAM_\w+|NO_COLOR|TERM|LANG|LC_ALL|LC_MESSAGES)'\]/g)
    const secrets = matches(sources, /secretOf\('(\w+)'/g)
    for (const secret of secrets) variables.add(secret).add(`${secret}_FILE`)
    for (const file of matches(sources, /secretInFile\('(\w+)'/g)) variables.add(file)
    expect(variables).toContain('TAMTAM_CONFIG')
    expect(variables).toContain('TAMTAM_KEY_FILE')
    expect(variables).toContain('TAMTAM_PASSWORD_FILE')
    expect(untold(variables, text)).toEqual([])
  })

  test('docs/explain/security.md names every case of the abuse catalogue, and docs/reference/http.md every code', () => {
    const named = new Set(
      [...read('docs/explain/security.md').matchAll(/\bC(\d+)(?:–C(\d+))?\b/g)].flatMap(([, first, last = first]) =>
        Array.from({ length: Number(last) - Number(first) + 1 }, (_, index) => Number(first) + index),
      ),
    )
    expect(cases.flatMap((_, index) => (named.has(index + 1) ? [] : [`C${index + 1}`]))).toEqual([])
    const http = read('docs/reference/http.md')
    const codes = Object.keys(STATUSES)
    expect(codes.length).toBeGreaterThan(CODES.length)
    expect([...CODES, ...codes].filter((code) => !http.includes(`\`${code}\``))).toEqual([])
  })

  test('docs/adr/README.md lists every decision', () => {
    const decisions = globSync('docs/adr/0*.md', { cwd: root }).map((path) => path.replace('docs/adr/', ''))
    expect(linksIn(read('docs/adr/README.md'))).toEqual(decisions.sort())
  })

  test('what is packed has both READMEs', () => {
    for (const path of READMES) expect(read('scripts/pack.ts')).toContain(`'${path}'`)
  })
})

test.each([...printedPages()])('%s is what the code prints; npm run commands writes it', (path, text) => {
  expect(read(path)).toBe(text)
})

test.each(Object.entries<string>(about.exports))(
  'the reference has every name of %s; npm run api writes it',
  (path, source) => {
    const exported = [...read(source).matchAll(/^export (?:type )?\{([^}]+)\}/gm)].flatMap(([, names = '']) =>
      [...names.matchAll(/(?:type )?(\w+)(?: as (\w+))?(?:,|\s*$)/g)].map(([, name = '', as]) => as ?? name),
    )
    expect(exported.length).toBeGreaterThan(3)
    const page = read(`${API}${about.name}${path.slice(1)}.md`)
    expect(exported.filter((name) => !new RegExp(`^### ${name}(?:\\(\\))?$`, 'm').test(page))).toEqual([])
  },
)
