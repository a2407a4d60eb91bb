import { randomBytes } from 'node:crypto'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { sha256Of } from '../../harness/bytes.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { startHost } from '../../harness/host.ts'
import { HostProcess } from '../../harness/host-process.ts'
import { until } from '../../harness/patience.ts'
import { SshProgram, SshUser } from '../../harness/ssh-client.ts'
import { needs } from '../../harness/tools.ts'

describe('files over SFTP', () => {
  test('scp and sftp put, list and get them, under names that stay; nothing is written over', async () => {
    needs('scp')
    const { port, tamtam } = await startHost({ stores: 'kept' })
    const ani = await SshUser.at(port)
    const at = (name: string) => join(ani.directory, name)
    // More than any window.
    const bytes = randomBytes(6_000_000)
    await writeFile(at('talk.pdf'), bytes)
    await writeFile(at('empty'), '')

    // New keys in the middle, many times, both ways.
    const rekeying = ['-o', 'RekeyLimit=1M']
    expect(await ani.scp('ani', [...rekeying, at('talk.pdf'), at('empty'), '@:lobby/'])).toMatchObject({ code: 0 })
    const again = await ani.scp('ani', [at('talk.pdf'), '@:lobby'])
    expect([again.code, again.errors]).toEqual([
      0,
      expect.stringContaining(`talk.pdf is in the room, sha256 ${sha256Of(bytes)}`),
    ])
    const ls = await ani.sftp('ani', ['ls -l lobby', 'ls -1 /'])
    expect(ls.out.toString()).toMatch(/6000000 .* talk \(2\)\.pdf/)
    expect(ls.out.toString()).toContain('/lobby')

    expect(
      (await ani.scp('ani', [...rekeying, '@:lobby/talk (2).pdf', '@:/lobby/SHA256SUMS', ani.directory])).code,
    ).toBe(0)
    expect((await readFile(at('talk (2).pdf'))).equals(bytes)).toBe(true)
    expect(await readFile(at('SHA256SUMS'), 'utf8')).toContain(`${sha256Of(bytes)}  talk.pdf\n`)

    const made = await ani.sftp('ani', [`mkdir lab`, `put ${at('talk.pdf')} lab/a.pdf`, `get lab/a.pdf ${at('a.pdf')}`])
    expect([made.code, (await readFile(at('a.pdf'))).equals(bytes)]).toEqual([0, true])
    expect((await tamtam.engine.rooms()).map(({ name }) => name)).toContain('lab')

    expect(await ani.scp('ani', [at('talk.pdf'), '@:dapur/'])).toMatchObject({ code: 1 })
    expect(await ani.scp('ani', ['@:lobby/none', ani.directory])).toMatchObject({ code: 1 })
    expect(await ani.scp('ani', ['@:../../etc/passwd', ani.directory])).toMatchObject({ code: 1 })
    expect((await ani.sftp('ani/lab', ['rm a.pdf', 'ls'])).out.toString()).toMatch(/sftp> ls\nSHA256SUMS/)
    expect((await ani.sftp('ani', [`ln -s lobby/empty x`])).code).toBe(1)
    const budi = await SshUser.at(port)
    expect(await budi.sftp('budi', ['rm lobby/empty'])).toMatchObject({
      code: 1,
      errors: expect.stringContaining('NOT_ALLOWED'),
    })
  })

  test('a client that asks for nothing is hung up on', async () => {
    needs('scp')
    const { port } = await startHost({ ssh: { sftpIdleMs: 50 } })
    const ani = await SshUser.at(port)
    const idle = await ani.begin('ani', ['sftp'], undefined, ['-s']).ended()
    expect([idle.code, idle.errors]).toEqual([6, expect.stringContaining('tamtam: CLOSED')])
  })

  test('the scp of before OpenSSH 9 puts and gets, and is told why not', async () => {
    needs('scp')
    const { port } = await startHost()
    const ani = await SshUser.at(port)
    const at = (name: string) => join(ani.directory, name)
    const bytes = randomBytes(700_000)
    await writeFile(at('a.bin'), bytes)
    await writeFile(at('b c'), 'b')
    expect(await ani.scp('ani', ['-O', '-p', at('a.bin'), at('b c'), '@:lobby/'])).toMatchObject({ code: 0 })
    expect(await ani.scp('ani', ['-O', at('a.bin'), '@:lobby/new.bin'])).toMatchObject({ code: 0 })
    expect((await ani.scp('ani', ['-O', '-p', '@:lobby/new.bin', '@:lobby/SHA256SUMS', ani.directory])).code).toBe(0)
    expect((await readFile(at('new.bin'))).equals(bytes)).toBe(true)
    expect(await readFile(at('SHA256SUMS'), 'utf8')).toContain(`${sha256Of(bytes)}  new.bin\n`)
    const refused = await ani.scp('ani', ['-O', '@:lobby/none', ani.directory])
    expect(refused).toMatchObject({ code: 1, errors: expect.stringContaining('NO_SUCH_FILE') })
    expect(await ani.scp('ani', ['-O', '-r', ani.directory, '@:lobby'])).toMatchObject({ code: 1 })
  })

  test('the clients of PuTTY, dropbear and curl say, put and get', async () => {
    needs('plink', 'dbclient', 'curl')
    const { port, tamtam } = await startHost()
    const ani = await SshUser.at(port, { keyless: true })
    const at = (name: string) => join(ani.directory, name)
    const bytes = randomBytes(300_000)
    await writeFile(at('a.bin'), bytes)
    const fingerprint = tamtam.sshFingerprint
    const home = { HOME: ani.directory }
    const putty = ['-batch', '-hostkey', fingerprint, '-P', String(port)]
    const ended = (program: string, args: readonly string[]) => new SshProgram(program, args, '', home).ended()
    expect(await ended('plink', [...putty, 'budi@127.0.0.1', 'say halo'])).toMatchObject({ code: 0 })
    expect(await ended('pscp', [...putty, at('a.bin'), 'budi@127.0.0.1:lobby/'])).toMatchObject({ code: 0 })
    expect(await ended('pscp', [...putty, 'budi@127.0.0.1:lobby/a.bin', at('b.bin')])).toMatchObject({ code: 0 })
    expect((await readFile(at('b.bin'))).equals(bytes)).toBe(true)
    await writeFile(
      at('batch'),
      `cd lobby\nput ${at('a.bin')} p.bin\nls\nget p.bin ${at('p.bin')}\nreget p.bin ${at('p.bin')}\n`,
    )
    const psftp = await ended('psftp', [...putty, '-b', at('batch'), 'budi@127.0.0.1'])
    expect([psftp.code, psftp.out.toString()]).toEqual([0, expect.stringContaining('p.bin')])
    expect((await readFile(at('p.bin'))).equals(bytes)).toBe(true)
    const dropbear = await ended('dbclient', ['-y', '-y', '-p', String(port), 'citra@127.0.0.1', 'get', 'a.bin'])
    expect(dropbear.out.equals(bytes)).toBe(true)
    const given = new SshProgram(
      'dbclient',
      ['-y', '-y', '-p', String(port), 'citra@127.0.0.1', 'put', 'd.bin'],
      bytes,
      home,
    )
    expect((await given.ended()).out.toString()).toBe(`${sha256Of(bytes)}  d.bin\n`)
    const curl = ['-sS', '--insecure', '-u', 'dewi:x', `sftp://127.0.0.1:${port}/lobby/`]
    expect(await ended('curl', [...curl.slice(0, -1), '-T', at('a.bin'), `${curl.at(-1)}c.bin`])).toMatchObject({
      code: 0,
    })
    const got = await ended('curl', [...curl.slice(0, -1), `${curl.at(-1)}c.bin`])
    expect(got.out.equals(bytes)).toBe(true)
  })

  test('one that was cut goes on where it was durable: the client killed, and then the host', async () => {
    needs('scp')
    const data = await temporaryDirectory()
    const bytes = randomBytes(6_000_000)
    const first = await HostProcess.start(['--data', data])
    const ani = await SshUser.at(first.port)
    const path = join(ani.directory, 'film.mp4')
    await writeFile(path, bytes)
    const isHalf = async (least: number) => {
      const names = (await readdir(join(data, 'files'))).filter((name) => name.endsWith('.part'))
      const sizes = await Promise.all(names.map(async (name) => (await stat(join(data, 'files', name))).size))
      return sizes.some((size) => size > least && size < bytes.length)
    }
    // In kilobits a second: slow enough to be cut in the middle.
    const slowly = ['-l', '20000']
    const put = ani.beginSftp('ani', [`put ${path} lobby/film.mp4`], slowly)
    await until(`some of it to arrive: ${put.errors}`, () => isHalf(1_000_000))
    put.kill()
    const reput = ani.beginSftp('ani', [`reput ${path} lobby/film.mp4`], slowly)
    await until(`more of it to arrive: ${reput.errors}`, () => isHalf(3_000_000))
    await first.host.kill()
    const again = await HostProcess.start(['--data', data])
    const back = ani.at(again.port)
    const ended = await back.sftp('ani', [`reput ${path} lobby/film.mp4`])
    expect([ended.code, ended.errors]).toEqual([0, expect.stringContaining(sha256Of(bytes))])
    const sums = await back.ssh('ani', ['get', 'SHA256SUMS'])
    expect(sums.out.toString()).toBe(`${sha256Of(bytes)}  film.mp4\n`)
  })
})
