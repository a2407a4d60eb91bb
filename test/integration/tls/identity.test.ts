import { X509Certificate } from 'node:crypto'
import { chmod, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { exitCodes } from '#app/cli/exit-codes.ts'
import { identityDefaults } from '#app/defaults.ts'
import { daysLeft, fingerprintOfPem, identityIn, ownIdentity, UnusableIdentity } from '#system/tls/identity.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { HostProcess } from '../../harness/host-process.ts'

const NAMES = ['localhost', 'kantor.lan', '127.0.0.1', '::1']
const NOW = Date.UTC(2026, 10, 28)
const DAY_MS = 24 * 3_600_000

const own = (directory: string, now = NOW) => ownIdentity(directory, NAMES, now, identityDefaults)

test('an identity is made once, for its owner alone, and stays', async () => {
  const directory = await temporaryDirectory()
  const made = await own(directory)
  const { cert, key } = made
  expect(made.was).toBe('made')
  expect((await stat(join(directory, 'tls-key.pem'))).mode & 0o777).toBe(0o600)
  const certificate = new X509Certificate(cert)
  expect(NAMES.slice(0, 2).map((name) => certificate.checkHost(name))).toEqual(NAMES.slice(0, 2))
  expect(NAMES.slice(2).map((name) => certificate.checkIP(name))).toEqual(NAMES.slice(2))
  expect(daysLeft(cert, NOW)).toBe(identityDefaults.certificateDays)
  expect(await own(directory)).toEqual({ cert, key, was: 'there' })
})

test('a certificate that is about to end is made anew; what clients know the host by stays', async () => {
  const directory = await temporaryDirectory()
  const { cert } = await own(directory)
  const later = NOW + (identityDefaults.certificateDays - identityDefaults.renewDays) * DAY_MS
  expect(await own(directory, later)).toMatchObject({ was: 'there', cert })
  const renewed = await own(directory, later + DAY_MS)
  expect(renewed.was).toBe('renewed')
  expect(daysLeft(renewed.cert, later + DAY_MS)).toBe(identityDefaults.certificateDays)
  expect(fingerprintOfPem(renewed.cert)).toBe(fingerprintOfPem(cert))
  expect(await own(directory, later + DAY_MS)).toMatchObject({ was: 'there', cert: renewed.cert })
})

test('a certificate that is damaged, or of another key, is made anew', async () => {
  const [directory, other] = [await temporaryDirectory(), await temporaryDirectory()]
  const { key } = await own(directory)
  for (const text of ['', 'no PEM', (await own(other)).cert]) {
    await writeFile(join(directory, 'tls-cert.pem'), text)
    const renewed = await own(directory)
    expect(renewed).toMatchObject({ was: 'renewed', key })
    expect(new X509Certificate(renewed.cert).subject).toBe('CN=tamtam')
  }
})

test('a key that others may read, or that is none, is not used', async () => {
  const directory = await temporaryDirectory()
  await own(directory)
  const path = join(directory, 'tls-key.pem')
  await chmod(path, 0o640)
  await expect(own(directory)).rejects.toThrow(/others may read .*chmod 600/)
  await chmod(path, 0o600)
  await writeFile(path, 'no PEM')
  await expect(own(directory)).rejects.toThrow(UnusableIdentity)
  expect(await readFile(path, 'utf8')).toBe('no PEM')
})

test('an identity in files of somebody: both must be there, and belong together', async () => {
  const [directory, other] = [await temporaryDirectory(), await temporaryDirectory()]
  const { cert, key } = await own(directory)
  await own(other)
  const [certPath, keyPath] = [join(directory, 'tls-cert.pem'), join(directory, 'tls-key.pem')]
  expect(await identityIn(certPath, keyPath)).toEqual({ cert, key })
  await expect(identityIn(certPath, join(other, 'tls-key.pem'))).rejects.toThrow(/must hold a certificate and its key/)
  await expect(identityIn(keyPath, keyPath)).rejects.toThrow(UnusableIdentity)
  await expect(identityIn(join(directory, 'none'), keyPath)).rejects.toThrow(/there is no certificate in/)
})

test('the host says what it is known by, the same after a restart', async () => {
  const data = await temporaryDirectory()
  const said = []
  for (let start = 0; start < 2; start++) {
    const { host } = await HostProcess.start(['--tls', '--data', data])
    said.push(await host.listening())
    expect(await host.stop()).toBe(exitCodes.done)
  }
  const fingerprint = fingerprintOfPem(await readFile(join(data, 'tls-cert.pem')))
  expect(said).toMatchObject([
    { fingerprint, url: expect.stringMatching(/^tls:/) },
    { fingerprint, url: expect.stringMatching(/^tls:/) },
  ])
})

test('a host does not start with half an identity, or a wrong one', async () => {
  const data = await temporaryDirectory()
  const cases = [
    [['--cert', '/nowhere'], /--cert and --key belong together/],
    [['--cert', '/nowhere', '--key', '/nowhere'], /there is no certificate in \/nowhere/],
  ] as const
  for (const [args, why] of cases) {
    const host = new HostProcess(['host', '--port', '0', '--data', data, ...args])
    expect(await host.ended()).toBe(exitCodes.unsafeConfiguration)
    expect(host.errors).toMatch(why)
    expect(host.lines).toEqual([])
  }
})
