import { readdir, readFile, readlink } from 'node:fs/promises'
import { basename } from 'node:path'
import { forTerminal } from '#domain/names/text.ts'

const LISTENING = '0A'

/** ` by node (pid 7)`, where Linux tells us: of other people's processes only root may know. */
export async function portOwner(number: number): Promise<string> {
  const inodes = new Set<string>()
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6'])
    for (const line of (await readFile(table, 'utf8').catch(() => '')).split('\n')) {
      const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/)
      if (state === LISTENING && Number.parseInt(local.split(':')[1] ?? '', 16) === number)
        inodes.add(`socket:[${inode}]`)
    }
  if (inodes.size === 0) return ''
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name)))
    for (const fd of await readdir(`/proc/${pid}/fd`).catch(() => []))
      if (inodes.has(await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')))
        return ` by ${forTerminal(basename(await readlink(`/proc/${pid}/exe`).catch(() => 'a process')))} (pid ${pid})`
  return ''
}
