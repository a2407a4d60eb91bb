import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeEach, describe, expect, test } from 'vitest'
import { folderWith, hostForVerbs } from '../../harness/cli-process.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { until } from '../../harness/patience.ts'
import { MAIN, NODE } from '../../harness/program.ts'
import { Terminal, type TerminalOptions } from '../../harness/tmux.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const SHELL = ['env', 'PS1=SHELL> ', 'bash', '--norc', '--noediting', '-i']

beforeEach((context) => Terminal.needed(context))

/** A shell in a terminal, and Budi in a room of a host. */
async function atShell(options: TerminalOptions = {}) {
  const { at, tamtam } = await hostForVerbs()
  const budi = await tamtam.engine.join({ room: 'lobby', name: 'budi' })
  const shell = new Terminal([], { columns: 110, program: SHELL, ...options })
  await shell.sees('SHELL>')
  const said = async () => (await budi.history(50)).flatMap((entry) => (entry.type === 'said' ? [entry.text] : []))
  const join = async (command = [...NODE, MAIN].join(' '), flags = '') => {
    shell.line(`${command} join ani@${at} ${flags}`)
    await shell.sees(/^<You>( {2,}|$)/)
  }
  /** The shell has the terminal, as it was before. */
  const cooked = async (mark: string) => {
    await shell.sees(/^SHELL> *$/)
    // In raw mode Enter would not end this line, and it would not be seen.
    shell.line(`stty -a | grep -Eo -e '-?(icanon|echo|isig)\\b' | tr '\\n' ' '; echo ${mark}`)
    await shell.sees(`isig icanon echo ${mark}`)
  }
  return { at, budi, shell, said, join, cooked }
}

/** Whether a process is stopped. */
const isStopped = (pid: number) => / T \(/.test(readFileSync(`/proc/${pid}/status`, 'utf8').replace(/^State:\s*/m, ' '))

describe('Ctrl-Z', () => {
  test('gives the shell back as it was; fg shows what was said meanwhile, and what was being typed', async () => {
    const { shell, budi, said, join, cooked } = await atShell()
    await join()
    shell.type('sebentar')
    await shell.sees('<You> sebentar')
    shell.press('C-z')
    await shell.sees('Stopped')
    await cooked('one')
    shell.line('echo rahasia')
    await shell.sees(/^rahasia$/)
    for (const text of ['satu', 'dua']) await budi.send({ type: 'say', text })
    shell.line('fg')
    await shell.sees('<budi> dua')
    await shell.sees('<You> sebentar')
    shell.line(' lagi')
    await expect.poll(said).toEqual(['satu', 'dua', 'sebentar lagi'])
    // Nothing of the frame is left above.
    expect(shell.all.filter((line) => line.startsWith('<You>'))).toHaveLength(1)
    // And once more.
    shell.press('C-z')
    await cooked('two')
    shell.line('fg')
    await shell.sees(/^<You>( {2,}|$)/)
    shell.press('C-c')
    await cooked('three')
    expect(await said()).toEqual(['satu', 'dua', 'sebentar lagi'])
  })

  test('does so through npm and the launcher, whose processes are of the same job', async () => {
    const { shell, budi, said, join, cooked } = await atShell({ cwd: ROOT })
    await join('npm start --silent --')
    shell.press('C-z')
    await cooked('one')
    await budi.send({ type: 'say', text: 'satu' })
    shell.line('fg')
    await shell.sees('<budi> satu')
    shell.line('dua')
    await expect.poll(said).toEqual(['satu', 'dua'])
    shell.press('C-c')
    await cooked('two')
  })

  test.each(['TERM', 'HUP'])('and kill -%s ends what it has stopped', async (signal) => {
    const { shell, join, cooked } = await atShell()
    await join()
    shell.press('C-z')
    await cooked('one')
    shell.line(`kill -${signal} %1; while kill -0 %1; do sleep .1; done 2>/dev/null; echo ended`)
    await shell.sees(/^ended$/)
    await cooked('two')
  })

  test('goes on where the terminal has another size by then', async () => {
    const { shell, join, cooked } = await atShell()
    await join()
    shell.type('sebentar lagi')
    await shell.sees('<You> sebentar lagi')
    shell.press('C-z')
    await cooked('one')
    shell.resize(40, 12)
    shell.line('clear; fg')
    await shell.sees('<You> sebentar lagi')
    shell.resize(90, 24)
    await shell.until('one line', (screen) => screen.filter((line) => line.includes('sebentar')).length === 1)
  })

  test('while a file is on its way, which goes on afterwards', async () => {
    const { cwd } = await folderWith('besar.bin', 3_000_000)
    const { shell, join, cooked } = await atShell({ cwd })
    await join(undefined, '--limit 1M')
    shell.line('/send sent/besar.bin')
    await shell.sees(/^↑ besar\.bin +\d+%/)
    shell.press('C-z')
    await cooked('one')
    shell.line('fg')
    await shell.sees('ani sent besar.bin (')
  })

  test('does nothing where no shell waits for it', async () => {
    const { at } = await hostForVerbs()
    const ani = new Terminal([`exec ${[...NODE, MAIN].join(' ')} join ani@${at}`], { program: ['sh', '-c'] })
    await ani.sees(/^<You>( {2,}|$)/)
    ani.press('C-z')
    // For a moment the terminal is as a shell wants it, and what is typed then can be lost: it is typed until it is taken.
    let typedAt = Number.NEGATIVE_INFINITY
    await until('keys are taken', () => {
      if (ani.screen.some((line) => /^<You> halo( |$)/.test(line))) return true
      if (performance.now() - typedAt > 5000) {
        typedAt = performance.now()
        ani.press('C-u')
        ani.type('halo')
      }
      return false
    })
    ani.press('Enter')
    await ani.sees('<ani> halo')
    await ani.rests()
  })

  test('stops a client that moves no cursor as it does any program', async () => {
    const { shell, said, at, cooked } = await atShell()
    shell.line(`${[...NODE, MAIN].join(' ')} join ani@${at} --plain`)
    await shell.sees('you are ani in lobby')
    shell.press('C-z')
    await cooked('one')
    shell.line('fg')
    shell.line('halo')
    await expect.poll(said).toEqual(['halo'])
  })

  test('does not stop a host, for it would for everybody: that is said', async () => {
    const shell = new Terminal([], { columns: 110, program: SHELL, env: { XDG_DATA_HOME: await temporaryDirectory() } })
    await shell.sees('SHELL>')
    shell.line(`${[...NODE, MAIN].join(' ')} --ephemeral --port 0`)
    await shell.sees(/^<You>( {2,}|$)/)
    shell.press('C-z')
    await shell.sees('Ctrl-Z would stop the host for everyone')
    shell.line('halo')
    await shell.sees('<host> halo')
    shell.press('C-c')
    await shell.sees(/^SHELL> *$/)
  })
})

describe('a signal from outside', () => {
  /** The process that is at the terminal. */
  const clientOf = (shell: Terminal) => {
    const [child] = readFileSync(`/proc/${shell.pid}/task/${shell.pid}/children`, 'utf8').trim().split(' ').map(Number)
    const [inner] = readFileSync(`/proc/${child}/task/${child}/children`, 'utf8').trim().split(' ').map(Number)
    return inner || child || -1
  }

  test.each(['SIGTSTP', 'SIGSTOP'] as const)('%s stops it, and the terminal is right again with fg', async (signal) => {
    const { shell, budi, said, join, cooked } = await atShell()
    await join()
    const pid = clientOf(shell)
    process.kill(pid, signal)
    await until(`${signal} to stop it`, () => isStopped(pid))
    await shell.sees('Stopped')
    // Nobody can be asked who is stopped at once; the shell sees to its own terminal.
    if (signal === 'SIGTSTP') await cooked('one')
    await budi.send({ type: 'say', text: 'satu' })
    shell.line('fg')
    await shell.sees('<budi> satu')
    shell.line('dua')
    await expect.poll(said).toEqual(['satu', 'dua'])
    await shell.rests()
    shell.press('C-c')
    await cooked('two')
  })

  test.each(['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGABRT'] as const)(
    '%s ends it and leaves the terminal as it was',
    async (signal) => {
      const { shell, join, cooked } = await atShell()
      await join()
      shell.type('setengah')
      await shell.sees('<You> setengah')
      process.kill(clientOf(shell), signal)
      await cooked('one')
    },
  )
})
