import { readdir, readFile, readlink } from 'node:fs/promises'
import { createServer } from 'node:net'
import { forTerminal } from '../../domain/text/terminal.ts'
import { bad, type Finding, ok } from './finding.ts'

/** Whether a host could listen there; tries it. */
export async function port(host: string, number: number): Promise<Finding> {
  if (number === 0) return ok('port', 'any that is free')
  const code = await listening(host, number)
  switch (code) {
    case undefined:
      return ok('port', `${number} on ${host} is free`)
    case 'EADDRINUSE': {
      const who = await whoListens(number)
      return bad('port', `${number} on ${host} is in use${who}`, 'stop that, or choose another with --port')
    }
    case 'EACCES':
      return bad('port', `${number} may not be opened by you`, 'choose one from 1024 on with --port')
    case 'EADDRNOTAVAIL':
      return bad('port', `${host} is no address of this machine`, 'choose another with --bind')
    default:
      return bad('port', `${number} on ${host} can't be opened (${code})`, 'choose others with --port and --bind')
  }
}

/** The code of the error, where there is one. */
function listening(host: string, number: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    server.listen({ host, port: number, exclusive: true }, () => server.close(() => resolve(undefined)))
  })
}

const LISTENING = '0A'

/** ` by node (pid 7)`, where Linux tells us: of other people's processes only root may know. */
async function whoListens(number: number): Promise<string> {
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
        return ` by ${forTerminal((await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => 'a process')).trim())} (pid ${pid})`
  return ''
}
