import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

test.each(['tamtam-room', 'tamtam-room/testing'])('importing %s opens, starts and says nothing', async (name) => {
  const program = `
    const opened = () => process.getActiveResourcesInfo().filter((kind) => !/Pipe|FSReq/.test(kind)).length
    const heard = () => process.eventNames().reduce((sum, event) => sum + process.listenerCount(event), 0)
    const before = heard()
    await import('${name}')
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
    console.log(opened(), heard() - before)`
  const node = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', program]
  const { stdout, stderr } = await promisify(execFile)(process.execPath, node, { cwd: ROOT })
  expect({ stdout, stderr }).toEqual({ stdout: '0 0\n', stderr: '' })
})
