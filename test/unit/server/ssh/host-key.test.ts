import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fingerprintOf, SshHostKey } from '#server/ssh/host-key.ts'
import { keysIn } from '#server/ssh/known-keys.ts'
import { MemorySecretStore } from '#storage/memory/secret-store.ts'
import { temporaryDirectory } from '../../../harness/directory.ts'
import { needs } from '../../../harness/tools.ts'

const opened = async (store: MemorySecretStore) => {
  const key = new SshHostKey(store)
  await key.open()
  return key
}

test('a host makes its key once, and OpenSSH reads it', async () => {
  needs('scp')
  const store = new MemorySecretStore()
  const key = await opened(store)
  expect((await opened(store)).fingerprint).toBe(key.fingerprint)
  const path = join(await temporaryDirectory(), 'key')
  await writeFile(path, key.openSsh, { mode: 0o600 })
  const [, blob = ''] = execFileSync('ssh-keygen', ['-y', '-f', path], { encoding: 'utf8' }).split(' ')
  expect(fingerprintOf(Buffer.from(blob, 'base64'))).toBe(key.fingerprint)
  expect((await opened(new MemorySecretStore())).fingerprint).not.toBe(key.fingerprint)
})

test('one that is damaged is told, and never replaced', async () => {
  const store = new MemorySecretStore()
  await store.write('ssh', 'no key')
  await expect(opened(store)).rejects.toMatchObject({ code: 'KEYRING_DAMAGED', secret: 'ssh' })
  expect(await store.read('ssh')).toBe('no key')
})

test('the keys of a file are found behind options and comments, and nothing else', () => {
  const line = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMQxC0lShKlm ani@laptop'
  const key = 'AAAAC3NzaC1lZDI1NTE5AAAAIMQxC0lShKlm'
  expect(keysIn(`# ${line}\n\n${line}\nfrom="10.0.0.1" ${line}\nnothing here\n`)).toEqual([key, key])
  expect(keysIn()).toEqual([])
})
