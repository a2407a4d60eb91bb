import { createPrivateKey, createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { errorCode, replaceFile } from '../files/file-system.ts'
import { beginsWithMark, looksLikeUtf16, UTF8_MARK, utf16 } from '../files/text.ts'
import { fingerprintOf } from './fingerprint.ts'

/** A host's certificate and its private key, both as PEM. */
export interface TlsIdentity {
  readonly cert: string
  readonly key: string
}

export interface IdentitySettings {
  /** Days that a self-made certificate is valid, and days left at which it is renewed. */
  readonly certificateDays: number
  readonly renewDays: number
}

export interface OwnIdentity extends TlsIdentity {
  /** `renewed`: the certificate was about to expire or unreadable; the key, and so the fingerprint, is the same. */
  readonly was: 'there' | 'made' | 'renewed'
}

/** An identity can't be used. The message gives cause and remedy. */
export class UnusableIdentity extends Error {}

const OTHERS = 0o077
const KEY_FILE = 'tls-key.pem'
const CERT_FILE = 'tls-cert.pem'

/**
 * The self-made identity of a host: `tls-key.pem` (readable by its owner alone) and `tls-cert.pem` in its data directory, or without a
 * directory for as long as the process runs. The caller has the directory locked. Throws `UnusableIdentity`, and errors of the disk.
 */
export async function ownIdentity(
  directory: string | undefined,
  names: readonly string[],
  now: number,
  settings: IdentitySettings,
): Promise<OwnIdentity> {
  const keyPath = join(directory ?? '', KEY_FILE)
  const kept = directory === undefined ? undefined : await keptKey(keyPath)
  const key = kept ?? newKey()
  if (directory !== undefined && kept === undefined) await replaceFile(keyPath, key)
  const known = directory === undefined ? undefined : await read(join(directory, CERT_FILE))
  if (known !== undefined && fits(known, key) && daysLeft(known, now) >= settings.renewDays)
    return { cert: known, key, was: 'there' }
  const cert = await keptCertificate(directory, key, names, now, settings)
  return { cert, key, was: kept === undefined ? 'made' : 'renewed' }
}

/** The same identity with a new certificate when the old one is about to expire; undefined when it is not. */
export async function renewedIdentity(
  directory: string | undefined,
  { cert, key }: TlsIdentity,
  names: readonly string[],
  now: number,
  settings: IdentitySettings,
): Promise<TlsIdentity | undefined> {
  if (daysLeft(cert, now) >= settings.renewDays) return undefined
  return { cert: await keptCertificate(directory, key, names, now, settings), key }
}

async function keptCertificate(
  directory: string | undefined,
  key: string,
  names: readonly string[],
  now: number,
  { certificateDays }: IdentitySettings,
): Promise<string> {
  const cert = await certificateFor(key, names, now, certificateDays)
  if (directory !== undefined) await replaceFile(join(directory, CERT_FILE), cert)
  return cert
}

/** The identity in two files that the user provides. Throws `UnusableIdentity`. */
export async function identityIn(certPath: string, keyPath: string): Promise<TlsIdentity> {
  const [cert, key] = await Promise.all([read(certPath), read(keyPath)])
  if (cert === undefined) throw new UnusableIdentity(`there is no certificate in ${certPath}`)
  if (key === undefined) throw new UnusableIdentity(`there is no key in ${keyPath}`)
  if (!fits(cert, key))
    throw new UnusableIdentity(
      `${certPath} and ${keyPath} must hold a certificate and its key, as PEM without a password`,
    )
  return { cert, key }
}

/** The fingerprint of the host with this certificate. */
export const fingerprintOfPem = (cert: string | Buffer): string => fingerprintOf(new X509Certificate(cert))

/** The DNS names of a certificate in a file; none when it is unreadable, which `identityIn` reports. */
export async function namesOfCertificate(path: string): Promise<readonly string[]> {
  try {
    const names = new X509Certificate(await readFile(path)).subjectAltName ?? ''
    return names.split(', ').flatMap((name) => (name.startsWith('DNS:') ? name.slice('DNS:'.length) : []))
  } catch {
    return []
  }
}

async function keptKey(path: string): Promise<string | undefined> {
  const key = await read(path)
  if (key === undefined) return undefined
  if (!isKey(key)) throw new UnusableIdentity(`${path} holds no key; remove it (clients will ask about the new one)`)
  // Any reader of the key can pass for this host.
  if (process.platform !== 'win32' && ((await stat(path)).mode & OTHERS) !== 0)
    throw new UnusableIdentity(
      `others may read ${path}; say chmod 600, or remove it (clients will ask about the new one)`,
    )
  return key
}

async function read(path: string): Promise<string | undefined> {
  try {
    const bytes = await readFile(path)
    if (looksLikeUtf16(bytes)) throw new UnusableIdentity(`${path} can't be read: ${utf16.message}`)
    // Comments between the parts may be in any encoding.
    return bytes.toString('latin1', beginsWithMark(bytes) ? UTF8_MARK.length : 0)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

const DAY_MS = 24 * 3_600_000

const newKey = (): string =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

/** A self-signed certificate for this key, valid from `now` (milliseconds since 1970) for so many days. */
export async function certificateFor(
  key: string,
  names: readonly string[],
  now: number,
  days: number,
): Promise<string> {
  // Loaded on use: it takes longer than everything else here.
  const { generate } = await import('selfsigned')
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString()
  const { cert } = await generate([{ name: 'commonName', value: 'tamtam' }], {
    keyPair: { privateKey: key, publicKey },
    keyType: 'ec',
    algorithm: 'sha256',
    // For clients whose clock is a little behind.
    notBeforeDate: new Date(now - DAY_MS),
    notAfterDate: new Date(now + days * DAY_MS),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: names.map((name) => (isIP(name) ? { type: 7, ip: name } : { type: 2, value: name })),
      },
    ],
  })
  return cert
}

function isKey(text: string): boolean {
  try {
    return createPrivateKey(text).type === 'private'
  } catch {
    return false
  }
}

/** Whether both are readable and belong together. */
function fits(cert: string, key: string): boolean {
  try {
    return isKey(key) && new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))
  } catch {
    return false
  }
}

/** Days until a certificate expires; negative afterwards. */
export const daysLeft = (cert: string, now: number): number =>
  Math.floor((new X509Certificate(cert).validToDate.getTime() - now) / DAY_MS)
