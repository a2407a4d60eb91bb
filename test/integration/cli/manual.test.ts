import { spawnSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { exitCodes } from '#app/cli/exit-codes.ts'
import { commandsAt } from '#protocol/commands.ts'
import { CliProcess } from '../../harness/cli-process.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { needs } from '../../harness/tools.ts'

test('every command, flag and exit code is in the manual page, which a reader of manual pages takes as it is', async () => {
  const page = (await CliProcess.run(['man'])).out.toString()
  const text = page.replaceAll('\\-', '-')
  // What the shells complete, as fish is told it: another reader of the same definition.
  const { out } = await CliProcess.run(['completion', 'fish'])
  const flags = [...out.toString().matchAll(/ -l ([a-z-]+)/g)].map(([, flag]) => `--${flag}`)
  const commands = [...out.toString().matchAll(/__fish_use_subcommand -a (\S+)/g)].map(([, command]) => command)
  expect(flags.length).toBeGreaterThan(60)
  expect(commands).toEqual(expect.arrayContaining(['host', 'export', 'import', 'doctor', 'config', 'man']))
  for (const flag of flags) expect(text, flag).toMatch(new RegExp(`^\\.B (-\\w, )?${flag}( |$)`, 'm'))
  for (const command of commands) if (command !== 'help') expect(text).toContain(`.SS "tamtam ${command}`)
  for (const code of Object.values(exitCodes)) expect(text).toContain(`\n.B ${code}\n`)
  for (const { usage } of commandsAt('host')) expect(text).toContain(`\n.B ${usage}\n`)
  for (const variable of [
    'TAMTAM_TOKEN',
    'TAMTAM_PASSWORD_FILE',
    'TAMTAM_KEY_FILE',
    'TAMTAM_CONFIG',
    'NO_COLOR',
    'LANG',
  ])
    expect(text).toMatch(new RegExp(`^\\.B .*\\b${variable}\\b`, 'm'))
  needs('groff')
  const reader = spawnSync('groff', ['-man', '-Tutf8', '-ww'], { input: page, encoding: 'utf8' })
  expect({ status: reader.status, stderr: reader.stderr }).toEqual({ status: 0, stderr: '' })
})

test('systemd takes the unit', async () => {
  needs('systemd-analyze')
  const unit = await readFile(new URL('../../../packaging/tamtam.service', import.meta.url), 'utf8')
  const path = join(await temporaryDirectory(), 'tamtam.service')
  await writeFile(path, unit.replace('/usr/local/bin/tamtam', process.execPath))
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', path], { encoding: 'utf8' })
  expect({ status, stderr: stderr.split('\n').filter((line) => line.includes('tamtam.service')) }).toEqual({
    status: 0,
    stderr: [],
  })
})

test('each setting tells where it comes from: flag over environment over file over default', async () => {
  const file = join(await temporaryDirectory(), 'config.json')
  await writeFile(file, '{"room":"yard","keepDays":3,"port":1}')
  const env = { TAMTAM_PORT: '2', TAMTAM_LINE_FILES: 'links' }
  const { said } = await CliProcess.run(['config', '--config', file, '--keep-days', '9', '--json'], { env })
  const found = Object.fromEntries(said.map(({ name, value, source }) => [name, [value, source]]))
  expect(found).toMatchObject({
    room: ['yard', file],
    port: [2, 'TAMTAM_PORT'],
    lineFiles: ['links', 'TAMTAM_LINE_FILES'],
    keepDays: [9, '--keep-days'],
    name: ['host', 'default'],
  })
  expect(await CliProcess.run(['config', '--port', 'x'])).toMatchObject({ code: 2 })
})

test('what is not set is shown as a host takes it: the address that it listens on, and where its data are', async () => {
  const settings = async (...flags: string[]) => {
    const { said } = await CliProcess.run(['config', '--json', ...flags], { env: { XDG_DATA_HOME: '/x' } })
    return Object.fromEntries(said.map(({ name, value, source }) => [name, [value, source]]))
  }
  expect(await settings()).toMatchObject({ bind: ['127.0.0.1', 'default'], data: ['/x/tamtam', 'default'] })
  expect(await settings('--lan', '--ephemeral')).toMatchObject({ bind: ['::', '--lan'], data: [undefined, 'default'] })
  expect(await settings('--lan', '--bind', '10.0.0.1')).toMatchObject({ bind: ['10.0.0.1', '--bind'] })
})
