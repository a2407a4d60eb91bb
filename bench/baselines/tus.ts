// The baseline for resumable uploads: @tus/server as its documentation starts it. Neither digest nor sync.   node tus.ts <directory>
import { createServer } from 'node:http'
import { FileStore } from '@tus/file-store'
import { Server } from '@tus/server'
import { announce } from './serve.ts'

const [, , directory = '.'] = process.argv
const tus = new Server({ path: '/files', datastore: new FileStore({ directory }) })
announce(createServer((request, response) => void tus.handle(request, response)))
