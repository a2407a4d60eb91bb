import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { csvCell } from '#app/cli/hand-ins.ts'
import { MemorySecretStore } from '#storage/memory/secret-store.ts'
import { CliProcess, type VerbOptions } from '../../harness/cli-process.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { startHost } from '../../harness/host.ts'
import { ask } from '../../harness/http-client.ts'
import { keyOf, SessionClient } from '../../harness/session-client.ts'

const OWNER = 'f'.repeat(32)

/** A host whose room collects, and its teacher, who has the owner's key and sits elsewhere. */
async function classroom() {
  const secretStore = new MemorySecretStore()
  await secretStore.write('owner', OWNER)
  const { port, tamtam } = await startHost({ overrides: { secretStore } })
  const owner = await tamtam.engine.join({ room: 'class', name: 'host', role: 'owner' })
  const cwd = await temporaryDirectory()
  await writeFile(join(cwd, 'key'), `${OWNER}\n`, { mode: 0o600 })
  const env = { TAMTAM_KEY_FILE: join(cwd, 'key') }
  const teacher = (args: readonly string[], options: VerbOptions = {}) =>
    CliProcess.run([args[0] ?? '', `guru@127.0.0.1:${port}/class`, ...args.slice(1)], { cwd, env, ...options })
  /** Comes in, as a browser does, and hands in by HTTP. */
  const enter = (name: string) => SessionClient.join(port, 'frames', name, 'class')
  const handIn = async (name: string, body: string, file = 'essay.txt', key = true) => {
    const how = key ? { headers: { 'Tamtam-Key': keyOf(name) } } : { as: name }
    const answer = await ask(port, `PUT /rooms/class/files/${file}`, { body, ...how })
    expect([name, answer.status]).toEqual([name, 201])
  }
  const folder = async (...parts: string[]) => (await readdir(join(cwd, ...parts))).sort()
  const text = (...parts: string[]) => readFile(join(cwd, ...parts), 'utf8')
  return { port, tamtam, owner, cwd, teacher, enter, handIn, folder, text }
}

describe('a class hands in', () => {
  it('30 were there, 28 hand in, 3 of them twice: the teacher has 28 folders by one command, and the two names', async () => {
    const { owner, teacher, enter, handIn, folder, text } = await classroom()
    await owner.send({ type: 'startCollection' })
    const names = Array.from({ length: 30 }, (_, index) => `murid${index + 1}`)
    // Some sit in the room, some have only curl, and two come, look and go.
    const lazy = ['murid7', 'murid23']
    const byCurl = new Set(names.slice(24))
    for (const name of names) {
      if (byCurl.has(name)) continue
      const student = await enter(name)
      if (!lazy.includes(name)) await handIn(name, `work of ${name}`)
      student.leave()
    }
    for (const name of byCurl) await handIn(name, `work of ${name}`, 'essay.txt', false)
    for (const name of ['murid1', 'murid2']) {
      const student = await enter(name)
      await handIn(name, `better work of ${name}`)
      student.leave()
    }
    await handIn('murid30', 'better work of murid30', 'essay.txt', false)

    const got = await teacher(['get', '--collected', 'work'])
    expect(got).toMatchObject({ code: 0 })
    const folders = await folder('work')
    expect(folders).toEqual(names.filter((name) => !lazy.includes(name)).sort())
    for (const name of folders) {
      const twice = ['murid1', 'murid2', 'murid30'].includes(name)
      expect(await text('work', name, 'essay.txt')).toBe(`${twice ? 'better work' : 'work'} of ${name}`)
      const files = await folder('work', name)
      const [earlier] = files.filter((file) => file !== 'essay.txt')
      expect([name, files.length]).toEqual([name, twice ? 2 : 1])
      if (!twice) continue
      expect(earlier).toMatch(/^essay \(\d{4}-\d\d-\d\d \d\d\.\d\d\)\.txt$/)
      expect(await text('work', name, earlier ?? '')).toBe(`work of ${name}`)
    }
    expect(got.out.toString().trimEnd().split('\n')).toHaveLength(31)
    expect(got.errors).toContain('28 of 30 people handed in; not yet: murid23, murid7\n')
    expect(got.errors).toMatch(/^murid1 +2 +35 B +\d{4}-\d\d-\d\d \d\d:\d\d$/m)
    expect(got.errors).toMatch(/^murid7 +- +- +nothing$/m)

    // Again: nothing comes twice, and nothing moves.
    const again = await teacher(['get', '--collected', 'work'])
    expect(again).toMatchObject({
      code: 0,
      errors: expect.stringContaining('got 0 of 31 files, 31 were there already'),
    })
    expect(await folder('work', 'murid1')).toHaveLength(2)
  })

  it('a newer version takes the name of the one before, which is moved, or stays where somebody has changed it', async () => {
    const { cwd, owner, teacher, enter, handIn, folder, text } = await classroom()
    await owner.send({ type: 'startCollection' })
    for (const name of ['ani', 'budi']) await enter(name)
    for (const name of ['ani', 'budi']) await handIn(name, 'first')
    await teacher(['get', '--collected', '.'])
    await writeFile(join(cwd, 'budi', 'essay.txt'), 'first, with a mark')
    for (const name of ['ani', 'budi']) await handIn(name, 'second')
    expect(await teacher(['get', '--collected', '.'])).toMatchObject({ code: 0 })
    expect(await text('ani', 'essay.txt')).toBe('second')
    expect(await folder('ani')).toEqual([expect.stringMatching(/^essay \(\d{4}-.*\)\.txt$/), 'essay.txt'])
    expect(await text('budi', 'essay.txt')).toBe('first, with a mark')
    expect(await text('budi', 'essay (2).txt')).toBe('second')
    const before = await folder('budi')
    await teacher(['get', '--collected', '.'])
    expect(await folder('budi')).toEqual(before)
  })

  it('two of one name have a folder each, also the next time', async () => {
    const { port, owner, teacher, enter, handIn, folder, text } = await classroom()
    await owner.send({ type: 'startCollection' })
    const first = await enter('budi')
    await handIn('budi', 'of the first')
    first.leave()
    await owner.send({ type: 'say', text: 'next' })
    const other = await SessionClient.connect(port, 'frames')
    other.send({ type: 'hello', version: 1, key: keyOf('another budi'), name: 'budi' })
    await other.enter('class')
    await handIn('another budi', 'of the other')
    for (const _ of [1, 2]) expect(await teacher(['get', '--collected', 'w'])).toMatchObject({ code: 0 })
    const [one, two] = await folder('w')
    expect([one, two]).toEqual(['budi', expect.stringMatching(/^budi \([\w-]{6}\)$/)])
    expect(await text('w', 'budi', 'essay.txt')).toBe('of the first')
    expect(await text('w', two ?? '', 'essay.txt')).toBe('of the other')
  })

  it('a folder is one hand-in, and moves like a file where a newer one comes', async () => {
    const { port, cwd, owner, teacher, folder, text } = await classroom()
    await owner.send({ type: 'startCollection' })
    await mkdir(join(cwd, 'site', 'img'), { recursive: true })
    await writeFile(join(cwd, 'site', 'img', 'a.svg'), '<svg/>')
    for (const [page, count] of [
      ['first', 1],
      ['second', 2],
    ] as const) {
      await writeFile(join(cwd, 'site', 'index.html'), page)
      const sent = await CliProcess.run(['send', `budi@127.0.0.1:${port}/class`, 'site'], { cwd })
      expect(sent).toMatchObject({ code: 0 })
      expect(await teacher(['get', '--collected', 'w'])).toMatchObject({ code: 0 })
      expect(await folder('w', 'budi')).toHaveLength(count)
      expect(await text('w', 'budi', 'site', 'index.html')).toBe(page)
    }
    const [earlier] = (await folder('w', 'budi')).filter((name) => name !== 'site')
    expect(earlier).toMatch(/^site \(\d{4}-\d\d-\d\d \d\d\.\d\d\)$/)
    expect(await text('w', 'budi', earlier ?? '', 'index.html')).toBe('first')
    expect(await text('w', 'budi', earlier ?? '', 'img', 'a.svg')).toBe('<svg/>')
  })

  it('names and links that lie there lead nowhere else', async () => {
    const { cwd, owner, teacher, handIn, folder } = await classroom()
    await owner.send({ type: 'startCollection' })
    await handIn('con', 'a device', 'x', false)
    await handIn('ani', 'an essay', 'x', false)
    await mkdir(join(cwd, 'w'))
    await mkdir(join(cwd, 'elsewhere'))
    await symlink(join(cwd, 'elsewhere'), join(cwd, 'w', 'ani'))
    expect(await teacher(['get', '--collected', 'w'])).toMatchObject({
      code: 8,
      errors: expect.stringContaining('w/ani is no folder, and nothing is overwritten'),
    })
    expect(await folder('elsewhere')).toEqual([])
    // What is in the way of one keeps nobody else's back.
    expect(await folder('w')).toEqual(['_con', 'ani'])
  })
})

describe('who has handed in', () => {
  it('is a table, NDJSON or CSV, against a list of names where there is one', async () => {
    const { cwd, owner, teacher, enter, handIn } = await classroom()
    await owner.send({ type: 'startCollection' })
    for (const name of ['ani', 'budi_s', 'tamu']) await enter(name)
    await handIn('ani', 'essay')
    await handIn('tamu', 'essay', 'a,"b".txt')
    await writeFile(join(cwd, 'names.txt'), '\ufeffAni\r\nBudi S\r\n\r\n=cmd()\r\n')
    const list = ['ls', '--collected', '--expect', 'names.txt']

    const table = await teacher(list)
    expect(table).toMatchObject({ code: 0, errors: '' })
    expect(table.out.toString()).toMatch(/^NAME +FILES +SIZE +LAST\nani +1 +5 B +\d{4}-\d\d-\d\d \d\d:\d\d +here\n/)
    expect(table.out.toString()).toMatch(/\ntamu +1 .* here, not on the list\n/)
    expect(table.out.toString()).toContain('\n1 of 3 people on the list handed in; not yet: =cmd(), budi_s\n')

    const json = await teacher([...list, '--json'])
    expect(json.said).toMatchObject([
      { v: 1, type: 'person', name: 'ani', status: 'handed in', files: 1, bytes: 5, isHere: true, isExpected: true },
      { name: 'tamu', isExpected: false },
      { name: '=cmd()', status: 'nothing', files: 0, isHere: false, isExpected: true },
      { name: 'budi_s', status: 'nothing', isHere: true, isExpected: true },
      { v: 1, type: 'handIns', room: 'class', handedIn: 2, missing: ['=cmd()', 'budi_s'] },
    ])
    const csv = (await teacher([...list, '--csv'])).out.toString().split('\r\n')
    expect(csv[0]).toBe('name,status,files,bytes,last,here,expected,id')
    expect(csv[1]).toMatch(/^ani,handed in,1,5,\d{4}-\d\d-\d\dT[\d:.]+Z,yes,yes,'?[\w-]{22}$/)
    expect(csv[3]).toBe("'=cmd(),nothing,0,0,,no,yes,")
    expect(csv).toHaveLength(6)

    const got = await teacher(['get', '--collected', 'w', '--json'])
    expect(got.said.map(({ type }) => type)).toEqual(['got', 'got', 'person', 'person', 'person', 'handIns'])
    expect(got.said[2]).toMatchObject({ name: 'ani', folder: 'ani' })
  })

  it('is for operators, who are known by a key', async () => {
    const { port, owner, cwd, enter } = await classroom()
    await owner.send({ type: 'startCollection' })
    await enter('ani')
    const run = (args: readonly string[]) => CliProcess.run(args, { cwd, env: { XDG_CONFIG_HOME: cwd } })
    expect(await run(['ls', `127.0.0.1:${port}/class`, '--collected'])).toMatchObject({
      code: 2,
      errors: expect.stringContaining('only moderators can do that: write your name in front of the address'),
    })
    expect(await run(['get', `budi@127.0.0.1:${port}/class`, '--collected', 'w'])).toMatchObject({
      code: 4,
      errors: expect.stringContaining('NOT_ALLOWED'),
    })
    expect(await run(['get', `127.0.0.1:${port}/class`, '--csv'])).toMatchObject({ code: 2 })
    expect(await run(['get', `127.0.0.1:${port}/class`, 'a.txt', '--collected', 'w'])).toMatchObject({ code: 2 })
    expect(await run(['ls', '--collected'])).toMatchObject({ code: 2 })
    expect(await run(['ls', 'x', '--collected', '--expect', 'none'])).toMatchObject({ code: 5 })
  })

  it('an operator who is in the room is not sent out of it, and gets all that they may see by --all', async () => {
    const { port, owner, cwd, handIn, folder } = await classroom()
    const env = { XDG_CONFIG_HOME: cwd }
    const at = `guru@127.0.0.1:${port}/class`
    const terminal = new CliProcess(['join', at], { cwd, env, open: true })
    await terminal.until('the room', () => owner.members.some(({ name }) => name === 'guru'))
    await owner.send({ type: 'op', name: 'guru' })
    await owner.send({ type: 'startCollection' })
    await handIn('ani', 'essay', 'essay.txt', false)
    expect(await CliProcess.run(['get', at, '--collected', 'w'], { cwd, env })).toMatchObject({ code: 0 })
    expect(await folder('w')).toEqual(['ani'])
    expect(await CliProcess.run(['get', at, '--all', '--save', 'all'], { cwd, env })).toMatchObject({ code: 0 })
    expect(await folder('all')).toEqual(['essay.txt'])
    expect(owner.members.some(({ name }) => name === 'guru')).toBe(true)
    // The owner, from elsewhere.
    const boss = ['get', `boss@127.0.0.1:${port}/class`, '--all', '--save', 'boss']
    const asOwner = { TAMTAM_KEY_FILE: join(cwd, 'key') }
    expect(await CliProcess.run(boss, { cwd, env: asOwner })).toMatchObject({ code: 0 })
    expect(await folder('boss')).toEqual(['essay.txt'])
    // They have it, and the sender can see that.
    const [file] = owner.files
    expect(file?.status === 'whole' && [...file.received.keys()]).toEqual(['guru', 'boss'])
  })
})

it.each([
  ['ani', 'ani'],
  ['a,b', '"a,b"'],
  ['say "hi"', '"say ""hi"""'],
  ['=1+1', "'=1+1"],
  ['+1', "'+1"],
  ['-1', "'-1"],
  ['@SUM(A1)', "'@SUM(A1)"],
  [' =1', "' =1"],
  ['\u200b=1', "'\u200b=1"],
  ['\t=1', "'\t=1"],
  ['=HYPERLINK("x","y")', `"'=HYPERLINK(""x"",""y"")"`],
  ['two\nlines', '"two\nlines"'],
])('in CSV %j is %j', (text, cell) => expect(csvCell(text)).toBe(cell))
