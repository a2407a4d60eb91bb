import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { defaultDataDirectory, hostConfig } from '../../src/app/config.ts'
import { CommandFailed } from '../../src/app/exit-codes.ts'

/** No configuration of whoever runs the tests gets in. */
const bare = { XDG_CONFIG_HOME: '/nonexistent' }

function configFile(values: unknown): string {
  const directory = mkdtempSync(join(tmpdir(), 'tamtam-config-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const path = join(directory, 'config.json')
  writeFileSync(path, typeof values === 'string' ? values : JSON.stringify(values))
  return path
}

const refusal = (flags: Record<string, unknown>, env: NodeJS.ProcessEnv = bare): CommandFailed => {
  try {
    hostConfig(flags, env)
  } catch (error) {
    if (error instanceof CommandFailed) return error
    throw error
  }
  throw new Error('nothing was refused')
}

describe('the settings of a host', () => {
  it('are the defaults where nobody says anything', () => {
    expect(hostConfig({}, bare)).toMatchObject({ port: 8268, bind: '127.0.0.1', room: 'lobby', lineFiles: 'inline' })
  })

  it('come from the configuration file, over it from the environment, over that from flags', () => {
    const config = configFile({ port: 1, room: 'file', name: 'file' })
    const env = { ...bare, TAMTAM_CONFIG: config, TAMTAM_ROOM: 'env', TAMTAM_NAME: 'env' }
    expect(hostConfig({ name: 'flag' }, env)).toMatchObject({ port: 1, room: 'env', name: 'flag' })
  })

  it('are found under XDG_CONFIG_HOME, and where --config says', () => {
    const path = configFile({ port: 7 })
    expect(hostConfig({ config: path }, bare).port).toBe(7)
    expect(hostConfig({}, { XDG_CONFIG_HOME: '/nonexistent' }).port).toBe(8268)
  })

  it('are named in capitals in the environment', () => {
    const env = { ...bare, TAMTAM_LINE_FILES: 'links', TAMTAM_JSON: '1', TAMTAM_QUIET: 'false', TAMTAM_RATE: '9' }
    expect(hostConfig({}, env)).toMatchObject({ lineFiles: 'links', json: true, quiet: false, rate: 9 })
  })

  it('take an empty variable for none', () => {
    expect(hostConfig({}, { ...bare, TAMTAM_PORT: '' }).port).toBe(8268)
  })

  it.each([
    [{ port: '99999' }, /^port .*65535/],
    [{ port: 'x' }, /^port .*whole number/],
    [{ port: '-1' }, /^port /],
    [{ rate: '1.5' }, /^rate .*whole number/],
    [{ lineFiles: 'both' }, /^line-files .*inline/],
    [{ logLevel: 'loud' }, /^log-level .*warn/],
    [{ room: '' }, /^room /],
  ])('that are wrong are named, with what would be right: %j', (flags, message) => {
    const { exitCode, message: said } = refusal(flags)
    expect(said).toMatch(message)
    expect(exitCode).toBe(2)
  })

  it('that a file has and nobody knows are named', () => {
    expect(refusal({ config: configFile({ prot: 1 }) }).message).toMatch(/prot/)
  })

  it.each(['{', '[]', '1'])('refuse a file that is no JSON object: %s', (text) => {
    const path = configFile(text)
    expect(refusal({ config: path })).toMatchObject({ exitCode: 2, message: expect.stringContaining(path) })
  })

  it('refuse a named file that is not there', () => {
    expect(refusal({ config: '/nonexistent/config.json' }).exitCode).toBe(2)
  })

  it('keep data by XDG', () => {
    expect(defaultDataDirectory({ XDG_DATA_HOME: '/data' })).toBe('/data/tamtam')
    expect(defaultDataDirectory({})).toMatch(/\.local\/share\/tamtam$/)
  })
})
