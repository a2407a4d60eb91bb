import { createPrivateKey, createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'

const DAY_MS = 24 * 3_600_000

export const newKey = (): string =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

/** A certificate for this key, signed by the key itself, from now on for so many days. */
export async function certificateFor(
  key: string,
  names: readonly string[],
  now: number,
  days: number,
): Promise<string> {
  // Only where a certificate is made: loading it takes longer than all else here.
  const { generate } = await import('selfsigned')
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString()
  const { cert } = await generate([{ name: 'commonName', value: 'tamtam' }], {
    keyPair: { privateKey: key, publicKey },
    keyType: 'ec',
    algorithm: 'sha256',
    // For whoever's clock is a little behind.
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

export function isKey(text: string): boolean {
  try {
    return createPrivateKey(text).type === 'private'
  } catch {
    return false
  }
}

/** Whether both can be read, and belong together. */
export function fits(cert: string, key: string): boolean {
  try {
    return isKey(key) && new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))
  } catch {
    return false
  }
}

/** Days until a certificate ends; negative once it has. */
export const daysLeft = (cert: string, now: number): number =>
  Math.floor((new X509Certificate(cert).validToDate.getTime() - now) / DAY_MS)
