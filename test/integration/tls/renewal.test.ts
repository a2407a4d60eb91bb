import { X509Certificate } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { identityFor } from '#app/cli/host-network.ts'
import { hostConfig } from '#app/config.ts'
import { identityDefaults } from '#app/defaults.ts'
import { connect } from '#app/index.ts'
import { ManualClock } from '#system/clock.ts'
import { MemoryLog } from '#system/log.ts'
import {
  certificateFor,
  daysLeft,
  fingerprintOfPem,
  ownIdentity,
  renewedIdentity,
  type TlsIdentity,
} from '#system/tls/identity.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { startHost } from '../../harness/host.ts'
import { joinOverTls, newIdentity, noKnownHosts, openTls } from '../../harness/tls.ts'

const DAY_MS = 24 * 3_600_000
/** Certificates end at a whole second: of their last day something is missing at once. */
const { certificateDays, renewDays } = identityDefaults

/** The certificate that is shown to whoever comes now. */
async function shownBy(port: number): Promise<X509Certificate> {
  const socket = await openTls(port)
  const certificate = new X509Certificate(socket.getPeerCertificate().raw)
  socket.destroy()
  return certificate
}

test('a certificate of our own is made anew while the host runs: for who comes then, with the same key, and is kept', async () => {
  const data = await temporaryDirectory()
  const config = hostConfig({ tls: true }, { XDG_CONFIG_HOME: '/nonexistent' })
  // It was made so long ago that a day from now too little of it is left.
  const made = Date.now() - (certificateDays - renewDays - 1) * DAY_MS
  const { cert } = await ownIdentity(data, ['localhost'], made, identityDefaults)
  const identity = await identityFor(config, data)
  if (identity === undefined) throw new Error('a host with --tls has an identity')
  expect(identity.cert).toBe(cert)
  const clock = new ManualClock(Date.now())
  const { port } = await startHost({ overrides: { clock }, listen: { tls: identity } })
  const ani = await joinOverTls(port, 'ani')

  clock.advance(DAY_MS - 1)
  const before = await shownBy(port)
  expect(before.fingerprint256).toBe(new X509Certificate(cert).fingerprint256)
  clock.advance(1)
  await expect.poll(async () => (await shownBy(port)).serialNumber).not.toBe(before.serialNumber)
  const after = await shownBy(port)
  expect(daysLeft(after.toString(), clock.now())).toBe(certificateDays - 1)
  expect(fingerprintOfPem(after.toString())).toBe(fingerprintOfPem(cert))
  expect(after.checkHost('localhost')).toBe('localhost')

  const there = `tls://budi@127.0.0.1:${port}/lobby#${fingerprintOfPem(cert)}`
  const budi = await connect(there, { knownHosts: await noKnownHosts() })
  ani.write('still connected\n')
  await expect.poll(async () => await budi.history(1)).toMatchObject([{ text: 'still connected' }])
  await budi.close()
  const kept = await readFile(join(data, 'tls-cert.pem'), 'utf8')
  expect(new X509Certificate(kept).serialNumber).toBe(after.serialNumber)
})

test('the certificate in a file of somebody is read again, and shown where its key is the same', async () => {
  const directory = await temporaryDirectory()
  const [cert, key] = [join(directory, 'cert.pem'), join(directory, 'key.pem')]
  const place = async (identity: TlsIdentity) => {
    await writeFile(cert, identity.cert)
    await writeFile(key, identity.key)
  }
  const [first, other] = [await newIdentity(), await newIdentity()]
  await place(first)
  const identity = await identityFor(hostConfig({ cert, key }, { XDG_CONFIG_HOME: '/nonexistent' }), undefined)
  if (identity === undefined) throw new Error('a host with --cert has an identity')
  const [clock, log] = [new ManualClock(), new MemoryLog()]
  const { port } = await startHost({ overrides: { clock, log }, listen: { tls: identity } })

  await place(other)
  clock.advance(DAY_MS)
  await expect.poll(() => JSON.stringify(log.lines)).toContain('holds another key now')
  expect((await shownBy(port)).fingerprint256).toBe(new X509Certificate(first.cert).fingerprint256)

  const renewed = { cert: await certificateFor(first.key, ['localhost'], Date.now(), 90), key: first.key }
  await place(renewed)
  clock.advance(DAY_MS)
  const { fingerprint256 } = new X509Certificate(renewed.cert)
  await expect.poll(async () => (await shownBy(port)).fingerprint256).toBe(fingerprint256)
})

test('a host without a directory keeps its key as well', async () => {
  const now = Date.now()
  const identity = await newIdentity()
  expect(await renewedIdentity(undefined, identity, ['localhost'], now, identityDefaults)).toBeUndefined()
  const later = now + certificateDays * DAY_MS
  const renewed = await renewedIdentity(undefined, identity, ['localhost'], later, identityDefaults)
  expect(renewed?.key).toBe(identity.key)
  expect(daysLeft(renewed?.cert ?? '', later)).toBe(certificateDays - 1)
})

test('a renewal that fails is reported and tried again the next day; a stopped host renews nothing', async () => {
  const [clock, log] = [new ManualClock(), new MemoryLog()]
  const [identity, next] = [await newIdentity(), await newIdentity()]
  let asked = 0
  const renew = async () => {
    if (++asked === 1) throw new Error('the disk is full')
    return { cert: next.cert, key: next.key }
  }
  const { port, stop } = await startHost({ overrides: { clock, log }, listen: { tls: { ...identity, renew } } })
  clock.advance(DAY_MS)
  await expect.poll(() => JSON.stringify(log.lines)).toContain('the disk is full')
  const before = await shownBy(port)
  expect(before.fingerprint256).toBe(new X509Certificate(identity.cert).fingerprint256)
  clock.advance(DAY_MS)
  await expect.poll(async () => (await shownBy(port)).serialNumber).not.toBe(before.serialNumber)
  clock.advance(DAY_MS)
  expect(asked).toBe(3)
  await stop()
  clock.advance(7 * DAY_MS)
  expect(asked).toBe(3)
})
