import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { appendFile, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ChaosProxy } from '../../harness/chaos-proxy.ts'
import { CliProcess, haltingWay, hostForVerbs } from '../../harness/cli-process.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { filesOf } from '../../harness/files.ts'
import { HostProcess } from '../../harness/host-process.ts'
import { ask } from '../../harness/http-client.ts'
import { until } from '../../harness/patience.ts'
import { smallDisk } from '../../harness/small-disk.ts'
import { file, member, plant, tarOf, treeAt, trees } from '../../harness/trees.ts'

async function folderOf(tree: Parameters<typeof plant>[1]): Promise<string> {
  const cwd = await temporaryDirectory()
  await plant(join(cwd, 'sent', 'photos'), tree)
  return cwd
}

const photos = {
  'a.jpg': file('alpha'),
  '2024/b.jpg': file('beta', true),
  '2024/empty': { type: 'folder' },
  newest: { type: 'link', target: '2024/b.jpg', modified: 1_600_000_000 },
} as const

describe('tamtam send and tamtam get', () => {
  it('pass trees that are the same in the end', async () => {
    const { at } = await hostForVerbs()
    for (const [index, tree] of fc.sample(trees, 3).entries()) {
      const cwd = await folderOf({ ...tree, always: file('something') })
      // A room of its own: one like the first would be there already, and be older than the second.
      const room = `${at}/r${index}`
      expect((await CliProcess.run(['send', room, 'sent/photos/'], { cwd })).code).toBe(0)
      expect((await CliProcess.run(['get', room, 'photos/'], { cwd })).code).toBe(0)
      expect(spawnSync('diff', ['-r', '--no-dereference', 'sent/photos', 'photos'], { cwd }).stdout.toString()).toBe('')
      expect(await treeAt(join(cwd, 'photos'))).toEqual(await treeAt(join(cwd, 'sent', 'photos')))
    }
  })

  it('take files and folders at once, and bring nothing twice', async () => {
    const { at, port } = await hostForVerbs()
    const cwd = await folderOf(photos)
    await plant(join(cwd, 'sent', 'music'), { song: file('la la') })
    await writeFile(join(cwd, 'sent', 'talk.pdf'), 'words')
    const args = ['send', at, 'sent/photos', 'sent/talk.pdf', 'sent/music', '--json']
    const sent = await CliProcess.run(args, { cwd })
    expect(sent).toMatchObject({ code: 0, errors: expect.stringContaining('sent photos/ 2 files, 9 B') })
    expect(sent.said).toMatchObject([
      { type: 'sent', name: 'photos', folder: { files: 2, bytes: 9 } },
      { type: 'sent', name: 'talk.pdf' },
      { type: 'sent', name: 'music', folder: { files: 1, bytes: 5 } },
    ])
    expect((await CliProcess.run(args, { cwd })).errors).toContain('sent 0 of 3 files, 3 were there already')
    // They went side by side: the one that began last need not be the one that ended last.
    const newestFirst = (await filesOf(port)).toSorted((one, other) => other.at - one.at).map(({ name }) => name)
    expect(newestFirst.toSorted()).toEqual(['music', 'photos', 'talk.pdf'])
    const all = ['get', at, '--all', '--save', 'in', '--json']
    expect((await CliProcess.run(all, { cwd })).said.map(({ name }) => name)).toEqual(newestFirst)
    expect((await CliProcess.run(all, { cwd })).errors).toContain('got 0 of 3 files, 3 were there already')
    expect((await readdir(join(cwd, 'in'))).sort()).toEqual(['music', 'photos', 'talk.pdf'])
    expect(await treeAt(join(cwd, 'in', 'photos'))).toEqual(await treeAt(join(cwd, 'sent', 'photos')))
    // One that was changed here is not the one of the room, and stays.
    await writeFile(join(cwd, 'in', 'photos', 'a.jpg'), 'mine!')
    expect((await CliProcess.run(all, { cwd })).code).toBe(0)
    expect(await readFile(join(cwd, 'in', 'photos', 'a.jpg'), 'utf8')).toBe('mine!')
    expect(await treeAt(join(cwd, 'in', 'photos (2)'))).toEqual(await treeAt(join(cwd, 'sent', 'photos')))
  })

  it('name a folder as they are told, and write its archive into a pipe', async () => {
    const { at } = await hostForVerbs()
    const cwd = await folderOf(photos)
    const { out: link } = await CliProcess.run(['send', at, 'sent/photos', '--name', 'holiday'], { cwd })
    expect((await CliProcess.run(['get', link.toString().trim()], { cwd })).out.toString()).toBe('holiday\n')
    expect(await treeAt(join(cwd, 'holiday'))).toEqual(await treeAt(join(cwd, 'sent', 'photos')))
    expect((await CliProcess.run(['get', at, 'holiday', '-o', 'there'], { cwd })).code).toBe(0)
    expect(await treeAt(join(cwd, 'there'))).toEqual(await treeAt(join(cwd, 'sent', 'photos')))
    expect((await CliProcess.run(['get', at, 'holiday', '-o', 'there'], { cwd })).errors).toContain(
      'already here: holiday/',
    )
    await writeFile(join(cwd, 'there', 'more'), '')
    expect(await CliProcess.run(['get', at, 'holiday', '-o', 'there'], { cwd })).toMatchObject({ code: 8 })
    const { out } = await CliProcess.run(['get', at, 'holiday', '-o', '-'], { cwd })
    expect(spawnSync('tar', ['-t'], { input: out }).stdout.toString()).toBe(
      '2024/b.jpg\n2024/empty/\na.jpg\nnewest\nSHA256SUMS\n',
    )
    // One file of it, by its path there or by its link; it can not be removed alone.
    expect(await CliProcess.run(['get', at, 'holiday/2024/b.jpg', 'holiday/a.jpg'], { cwd })).toMatchObject({ code: 0 })
    expect(await readFile(join(cwd, 'b.jpg'), 'utf8')).toBe('beta')
    const inside = await CliProcess.run(['get', `${link.toString().trim()}/2024/b.jpg`, '-o', '-'], { cwd })
    expect(inside.out.toString()).toBe('beta')
    for (const path of ['holiday/2024', 'holiday/2024/c.jpg', 'holiday/newest'])
      expect(await CliProcess.run(['get', at, path], { cwd })).toMatchObject({
        code: 5,
        errors: expect.stringContaining('no such file in holiday/'),
      })
    expect(await CliProcess.run(['rm', at, 'holiday/a.jpg'], { cwd })).toMatchObject({
      code: 5,
      errors: expect.stringContaining('a folder is removed as a whole'),
    })
  })

  it('never write through what lies where a folder is to be', async () => {
    const { at } = await hostForVerbs()
    const cwd = await folderOf(photos)
    await mkdir(join(cwd, 'outside'))
    await symlink('outside', join(cwd, 'photos'))
    await CliProcess.run(['send', at, 'sent/photos'], { cwd })
    expect((await CliProcess.run(['get', at], { cwd })).out.toString()).toBe('photos (2)\n')
    expect(await readdir(join(cwd, 'outside'))).toEqual([])
  })

  it('make one offer and one completion of 2,000 files, over few connections', async () => {
    const { at, port } = await hostForVerbs()
    const proxy = await ChaosProxy.open(port)
    const cwd = await temporaryDirectory()
    for (let folder = 0; folder < 20; folder++) {
      await mkdir(join(cwd, 'many', String(folder)), { recursive: true })
      const each = Array.from({ length: 100 }, (_, index) => join(cwd, 'many', String(folder), String(index)))
      await Promise.all(each.map((path) => writeFile(path, path)))
    }
    expect((await CliProcess.run(['send', `127.0.0.1:${proxy.port}`, 'many'], { cwd })).code).toBe(0)
    expect(proxy.accepted).toBeLessThanOrEqual(10)
    const { json } = await ask(port, 'GET /rooms/lobby/events')
    const types = (json as { events: readonly { type: string }[] }).events.map(({ type }) => type)
    expect(types.filter((type) => type.startsWith('file'))).toEqual(['fileOffered', 'fileCompleted'])
    expect((await CliProcess.run(['get', at, '--save', 'got'], { cwd })).code).toBe(0)
    expect(await treeAt(join(cwd, 'got', 'many'))).toEqual(await treeAt(join(cwd, 'many')))
  })
})

describe('a folder that is on its way', () => {
  /** Its bytes, in many files of all sizes. */
  const large = Object.fromEntries(
    Array.from({ length: 120 }, (_, index) => [`${index % 7}/${index}`, file(Buffer.alloc(index * 400, `${index} `))]),
  )

  it('goes on where it was when its sender was killed', async () => {
    const { at, port } = await hostForVerbs({ stores: 'kept' })
    const cwd = await folderOf({ ...large, big: file(Buffer.alloc(2_000_000, 'big')) })
    const way = await haltingWay(port, 'up', 1_500_000)
    const first = new CliProcess(['send', way.at, 'sent/photos'], { cwd })
    await first.until('the middle', way.isHalted)
    await first.kill()
    way.mend()
    const offset = async () => (await filesOf(port))[0]?.offset ?? 0
    await first.until('a part that is kept', async () => (await offset()) > 1_000_000)
    const again = await CliProcess.run(['send', way.at, 'sent/photos'], { cwd })
    expect(again.code, again.errors).toBe(0)
    expect(again.errors).toMatch(/resumes at \d\d %/)
    expect((await CliProcess.run(['get', at], { cwd })).code).toBe(0)
    expect(await treeAt(join(cwd, 'photos'))).toEqual(await treeAt(join(cwd, 'sent', 'photos')))
    expect(await filesOf(port)).toHaveLength(1)
  })

  it('goes on where it was when its receiver was killed', async () => {
    const { at, port } = await hostForVerbs()
    const cwd = await folderOf(large)
    await CliProcess.run(['send', at, 'sent/photos'], { cwd })
    const way = await haltingWay(port, 'down', 1_000_000)
    const first = new CliProcess(['get', way.at], { cwd })
    const partBytes = async () => {
      const part = (await readdir(cwd)).find((name) => name.endsWith('.part'))
      return part === undefined ? 0 : (await stat(join(cwd, part))).size
    }
    await first.until('the middle', async () => way.isHalted() && (await partBytes()) > 500_000)
    await first.kill()
    way.mend()
    // As if it had been killed while it built the folder.
    const [{ id } = { id: '' }] = await filesOf(port)
    await mkdir(join(cwd, `.photos.${id.slice(0, 8)}.99999999-abc-0123.folder`, 'half'), { recursive: true })
    const again = await CliProcess.run(['get', way.at], { cwd })
    expect(again).toMatchObject({ code: 0, errors: expect.stringMatching(/resumes at \d\d %/) })
    expect((await readdir(cwd)).sort()).toEqual(['photos', 'sent'])
    expect(await treeAt(join(cwd, 'photos'))).toEqual(await treeAt(join(cwd, 'sent', 'photos')))
  })

  it('is built anew where its receiver was killed while it built it', async () => {
    const { at } = await hostForVerbs()
    const many = Array.from({ length: 1000 }, (_, index) => [`${index % 50}/${index}`, file(`${index}`)] as const)
    const cwd = await folderOf(Object.fromEntries(many))
    await CliProcess.run(['send', at, 'sent/photos'], { cwd })
    const first = new CliProcess(['get', at], { cwd })
    await first.until('the tree', async () => (await readdir(cwd)).some((name) => /\.folder$|^photos$/.test(name)))
    await first.kill()
    // Whatever the moment, a name means all of it.
    if ((await readdir(cwd)).includes('photos'))
      expect(await treeAt(join(cwd, 'photos'))).toEqual(await treeAt(join(cwd, 'sent', 'photos')))
    expect((await CliProcess.run(['get', at], { cwd })).code).toBe(0)
    expect((await readdir(cwd)).sort()).toEqual(['photos', 'sent'])
    expect(await treeAt(join(cwd, 'photos'))).toEqual(await treeAt(join(cwd, 'sent', 'photos')))
  })

  it('is received while it is sent', async () => {
    const { at, port } = await hostForVerbs()
    const cwd = await folderOf(large)
    const way = await haltingWay(port, 'up', 1_000_000)
    const sender = new CliProcess(['send', way.at, 'sent/photos'], { cwd })
    await sender.until('the middle', way.isHalted)
    const receiver = new CliProcess(['get', at, 'photos/'], { cwd })
    await receiver.until(
      'the same',
      async () =>
        (await readdir(cwd)).some((name) => name.endsWith('.part')) &&
        (await stat(join(cwd, (await readdir(cwd)).find((name) => name.endsWith('.part')) ?? ''))).size > 500_000,
    )
    way.goOn()
    expect((await sender.ended()).code).toBe(0)
    expect((await receiver.ended()).code).toBe(0)
    expect(await treeAt(join(cwd, 'photos'))).toEqual(await treeAt(join(cwd, 'sent', 'photos')))
  })

  it('whose tree has no room on the disk says so, and comes once there is some', async (context) => {
    const { at } = await hostForVerbs()
    const cwd = await folderOf({ a: file(Buffer.alloc(3_000_000)), b: file(Buffer.alloc(1)) })
    await CliProcess.run(['send', at, 'sent/photos'], { cwd })
    const disk = await smallDisk(context, '5m')
    const full = await CliProcess.run(['get', at, '--save', disk], { cwd })
    expect(full).toMatchObject({ code: 74, errors: expect.stringContaining('the disk is full') })
    // The archive stays, but for what was built of it, and no half folder.
    const [part = '', ...more] = await readdir(disk)
    expect([part, more]).toEqual([expect.stringMatching(/^photos\.\w{8}\.part$/), []])
    expect((await stat(join(disk, part))).size).toBeGreaterThan(3_000_000)
    expect(spawnSync('mount', ['-o', 'remount,size=20m', disk]).status).toBe(0)
    expect((await CliProcess.run(['get', at, '--save', disk], { cwd })).code).toBe(0)
    expect(await readdir(disk)).toEqual(['photos'])
    expect(await treeAt(join(disk, 'photos'))).toEqual(await treeAt(join(cwd, 'sent', 'photos')))
  })

  it('needs no more room on the disk than its archive and its largest file', async (context) => {
    const { at } = await hostForVerbs()
    const parts = Object.fromEntries(
      Array.from({ length: 40 }, (_, index) => [`${index % 3}/${index}`, file(Buffer.alloc(100_000, `${index} `))]),
    )
    const cwd = await folderOf({ ...parts, way: { type: 'link', target: '1/1', modified: 5 } })
    await CliProcess.run(['send', at, 'sent/photos'], { cwd })
    const disk = await smallDisk(context, '5m')
    const got = await CliProcess.run(['get', at, '--save', disk], { cwd })
    expect(got.code, got.errors).toBe(0)
    expect(await readdir(disk)).toEqual(['photos'])
    expect(await treeAt(join(disk, 'photos'))).toEqual(await treeAt(join(cwd, 'sent', 'photos')))
  })

  it('that two get at once is there once', async () => {
    const { at } = await hostForVerbs()
    const cwd = await folderOf(large)
    await CliProcess.run(['send', at, 'sent/photos'], { cwd })
    const both = await Promise.all([0, 1].map(() => CliProcess.run(['get', at], { cwd })))
    expect(both.map(({ code }) => code)).toEqual([0, 0])
    expect((await readdir(cwd)).sort()).toEqual(['photos', 'sent'])
  })

  it('is without a file that changes meanwhile, which is named at both ends', async () => {
    const { at, port } = await hostForVerbs()
    const cwd = await folderOf({ a: file('a'), b: file(Buffer.alloc(60_000_000)), z: file('z') })
    const way = await haltingWay(port, 'up', 500_000)
    const sender = new CliProcess(['send', way.at, 'sent/photos', '--json'], { cwd })
    await sender.until('the middle', way.isHalted)
    await appendFile(join(cwd, 'sent', 'photos', 'b'), 'more')
    way.goOn()
    const sent = await sender.ended()
    expect(sent).toMatchObject({
      code: 6,
      errors: expect.stringContaining('not sent: b: it changed while it was sent\n'),
    })
    expect(sent.said).toMatchObject([{ type: 'sent', skipped: [{ path: 'b' }] }])
    const got = await CliProcess.run(['get', at, '--json'], { cwd })
    expect(got).toMatchObject({
      code: 6,
      errors: expect.stringContaining('not there: b: it changed while it was sent\n'),
    })
    expect(got.said).toMatchObject([{ type: 'got', name: 'photos', changed: ['b'] }])
    expect(Object.keys(await treeAt(join(cwd, 'photos')))).toEqual(['a', 'z'])
  })
})

const all = ({ errors, lines }: CliProcess) => `${errors}\n${lines.join('\n')}`

describe('a folder in the chat', () => {
  it('is sent, comes by itself, and is brought by its name, from terminal to terminal', async () => {
    const { at } = await hostForVerbs()
    const cwd = await folderOf({ ...photos, 'aux.c': file('') })
    const budi = new CliProcess(['join', `budi@${at}`, '--save', 'budi'], { cwd, open: true })
    await budi.until('a welcome', () => budi.lines.length > 0)
    const ani = new CliProcess(['join', `ani@${at}`, '--auto', '1'], { cwd, open: true, input: '/send sent/photos/\n' })
    await ani.until('it is sent', () => all(ani).includes('not sent: aux.c'))
    expect(all(ani)).toMatch(/photos\/.*2 files, 9 B/)
    await budi.until('it has come', () => all(budi).includes('budi/photos'))
    const { 'aux.c': _, ...rest } = await treeAt(join(cwd, 'sent', 'photos'))
    expect(await treeAt(join(cwd, 'budi', 'photos'))).toEqual(rest)
    ani.child.stdin?.write('/files\n/get photos/\n')
    await ani.until('it is here', () => all(ani).includes('saved photos'))
    expect(all(ani)).toMatch(/\[\w{8}\] photos\/ from ani: 2 files, 9 B/)
    expect(await treeAt(join(cwd, 'photos'))).toEqual(rest)
  })

  it('is sent from the host itself, and saved there as a folder', async () => {
    const cwd = await folderOf(photos)
    const { host, port } = await HostProcess.start(['--data', join(cwd, 'data')], { cwd })
    host.child.stdin?.write('/send sent/photos\n')
    await until('the room has it', async () => (await filesOf(port))[0]?.status === 'whole')
    expect((await CliProcess.run(['get', `127.0.0.1:${port}`], { cwd })).code).toBe(0)
    expect(await treeAt(join(cwd, 'photos'))).toEqual(await treeAt(join(cwd, 'sent', 'photos')))
    await CliProcess.run(['send', `127.0.0.1:${port}`, 'sent/photos', '--name', 'again'], { cwd })
    const saved = join(cwd, 'data', 'terima', 'terima_again')
    await until('its copy', async () => (await stat(saved).catch(() => undefined)) !== undefined)
    expect(await treeAt(saved)).toEqual(await treeAt(join(cwd, 'sent', 'photos')))
  })
})

/** A host of which nothing is to be believed. */
async function hostileHost(tar: Buffer, name = 'photos'): Promise<string> {
  const id = '0123456789abcdef0123456789abcdef'
  const sha256 = createHash('sha256').update(tar).digest()
  const row = {
    id,
    name,
    by: 'eve',
    byId: id,
    at: 1,
    status: 'whole',
    size: tar.length,
    sha256: sha256.toString('hex'),
    url: `/files/${id}/x`,
    verified: 0,
    receipts: [],
    folder: { files: 1, bytes: 1 },
  }
  const server = createServer((request, response) => {
    const { method = '', url = '' } = request
    const headers = {
      ETag: '"x"',
      'Content-Length': tar.length,
      'Repr-Digest': `sha-256=:${sha256.toString('base64')}:`,
    }
    if (url.includes('/files/')) response.writeHead(200, headers).end(method === 'HEAD' ? undefined : tar)
    else if (url.endsWith('/files?folders=1'))
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ files: [row] }))
    else response.writeHead(204).end()
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  return `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
}

describe('a hostile host', () => {
  it.each<[string, Buffer[]]>([
    ['a path that goes up', [member({ path: '../../evil' }, 'x')]],
    ['an absolute path', [member({ path: '/tmp/evil' }, 'x')]],
    [
      'a file below a link',
      [member({ path: 'way', type: 'SymbolicLink', linkpath: '..' }), member({ path: 'way/evil' }, 'x')],
    ],
    ['a link that leads out', [member({ path: 'evil', type: 'SymbolicLink', linkpath: '../outside' })]],
    ['a hard link', [member({ path: 'evil', type: 'Link', linkpath: '../outside/secret' })]],
    ['a device', [member({ path: 'evil', type: 'CharacterDevice' })]],
    ['a control character', [member({ path: 'evil\x1b[2J' }, 'x')]],
  ])('can not write outside with %s', async (_, members) => {
    const cwd = await temporaryDirectory()
    await plant(join(cwd, 'outside'), { secret: file('secret') })
    await mkdir(join(cwd, 'in'))
    const at = await hostileHost(tarOf(member({ path: 'good' }, 'good'), ...members))
    const got = await CliProcess.run(['get', at, '--all', '--save', 'in'], { cwd })
    expect(got).toMatchObject({ code: 7, errors: expect.stringContaining('BAD_FOLDER') })
    expect(got.errors).not.toContain('\x1b')
    expect(await readdir(join(cwd, 'in'))).toEqual([])
    expect(Object.keys(await treeAt(cwd)).sort()).toEqual(['in', 'outside', 'outside/secret'])
  })

  it('can not name a folder so that it lies elsewhere', async () => {
    const cwd = await temporaryDirectory()
    const at = await hostileHost(tarOf(member({ path: 'good' }, 'good')), '../../x')
    await CliProcess.run(['get', at, '--all', '--save', 'in'], { cwd })
    expect(Object.keys(await treeAt(cwd)).sort()).toEqual(['in', 'in/x', 'in/x/good'])
  })
})
