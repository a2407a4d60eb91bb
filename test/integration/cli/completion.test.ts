import { spawn, spawnSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { CliProcess } from '../../harness/cli-process.ts'
import { testWith } from '../../harness/commands.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { bareEnv } from '../../harness/host-process.ts'
import { until } from '../../harness/patience.ts'
import { needs } from '../../harness/tools.ts'

/** A bash on a terminal of its own, in which somebody types. */
async function typing() {
  const cwd = await temporaryDirectory()
  const { out } = await CliProcess.run(['completion', 'bash'])
  await writeFile(join(cwd, 'completion'), out)
  await writeFile(
    join(cwd, 'rc'),
    "PS1='$ '\nbind 'set enable-bracketed-paste off'\nsource completion\nrm completion rc\ncd work\n",
  )
  await mkdir(join(cwd, 'work', 'sub dir'), { recursive: true })
  await writeFile(join(cwd, 'work', 'talk one.pdf'), '')
  needs('script')
  const shell = spawn('script', ['-qec', 'bash --rcfile rc -i', '/dev/null'], {
    cwd,
    env: { ...bareEnv(), TERM: 'dumb' },
  })
  onTestFinished(() => void shell.kill('SIGKILL'))
  let shown = ''
  shell.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text
  })
  await until('the prompt', () => shown.includes('$ '))
  /** What the line has become after a tab. */
  return async (typed: string): Promise<string> => {
    shown = ''
    shell.stdin.write(`${typed}\t.`)
    await until(`the completion of ${typed} in ${shown}`, () => shown.endsWith('.'))
    const line = shown.slice(0, -1)
    // Ctrl-U empties the line.
    shell.stdin.write('\x15')
    return line
  }
}

describe('in bash', () => {
  it('verbs, flags, files and shells are completed', async () => {
    const type = await typing()
    expect(await type('tamtam sen')).toBe('tamtam send ')
    expect(await type('tamtam send --lim')).toContain('tamtam send --limit ')
    expect(await type('tamtam send localhost tal')).toContain('talk\\ one.pdf ')
    expect(await type('tamtam get --save su')).toContain('sub\\ dir/')
    expect(await type('tamtam completion fi')).toContain('fish ')
    expect(await type('tamtam --ephe')).toContain('tamtam --ephemeral ')
    expect(await type('tamtam help tai')).toContain('tail ')
  })
})

describe('in fish', () => {
  testWith('fish')('verbs, flags and shells are completed', async () => {
    const { out } = await CliProcess.run(['completion', 'fish'])
    const type = (typed: string) => {
      const { stdout } = spawnSync('fish', ['--no-config', '-c', `${out}\ncomplete -C '${typed}'`], { env: bareEnv() })
      return stdout.toString().replace(/\t.*$/gm, '')
    }
    expect(type('tamtam sen')).toBe('send\n')
    expect(type('tamtam send --lim')).toBe('--limit\n')
    expect(type('tamtam completion fi')).toBe('fish\n')
    expect(type('tamtam --ephe')).toBe('--ephemeral\n')
    expect(type('tamtam help tai')).toBe('tail\n')
  })
})

describe('in zsh', () => {
  testWith('zsh')('the script is one that can be read and registers itself', async () => {
    const { out } = await CliProcess.run(['completion', 'zsh'])
    const commands = `autoload -Uz compinit && compinit -u -D\n${out}\nprint -r -- $_comps[tamtam]`
    const { stdout, stderr } = spawnSync('zsh', ['-f', '-c', commands], { env: bareEnv() })
    expect([stdout.toString(), stderr.toString()]).toEqual(['_tamtam\n', ''])
  })
})
