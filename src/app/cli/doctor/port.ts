import { createServer } from 'node:net'
import { portOwner } from '#app/port-owner.ts'
import { bad, type Finding, ok } from './finding.ts'

/** Whether a host could listen there; tries it. */
export async function port(host: string, number: number): Promise<Finding> {
  if (number === 0) return ok('port', 'any that is free')
  const code = await listening(host, number)
  switch (code) {
    case undefined:
      return ok('port', `${number} on ${host} is free`)
    case 'EADDRINUSE': {
      const who = await portOwner(number)
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
