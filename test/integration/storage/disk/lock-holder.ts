// Locks the directory it is given, says so, and holds it until it is killed.
import { lockDirectory } from '#storage/disk/directory-lock.ts'

const [, , directory = ''] = process.argv
const lock = await lockDirectory(directory)
lock.own()
process.stdout.write('locked\n')
process.once('SIGTERM', () => void lock.release().then(() => process.exit(0)))
setInterval(() => {}, 60_000)
