// The yardstick for resumable uploads: @tus/server as its documentation starts it. Neither digest nor sync.   node tus.ts <directory>
import { FileStore } from '@tus/file-store'
import { Server } from '@tus/server'

const [, , directory = '.'] = process.argv
const server = new Server({ path: '/files', datastore: new FileStore({ directory }) }).listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address !== null && typeof address === 'object')
    process.stdout.write(`${JSON.stringify({ port: address.port })}\n`)
})
process.stdin.once('end', () => process.exit(0)).resume()
