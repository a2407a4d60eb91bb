import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { run } from '../harness/commands.ts'
import { temporaryDirectory } from '../harness/directory.ts'
import { MAIN } from '../harness/program.ts'

const CROWD = fileURLToPath(new URL('./far-crowd.ts', import.meta.url))
const CONNECTIONS = 300
/** What one address may have (`listenerDefaults`). */
const MOST = 256

/** A network with two addresses that are nobody's loopback, and nothing else. */
const SCRIPT = `
ip link set lo up
ip addr add 10.99.0.1/24 dev lo
ip addr add 10.99.0.2/24 dev lo
"$0" --disable-warning=ExperimentalWarning ${MAIN} host --json --port 0 --bind 10.99.0.1 --open --data data </dev/null >said 2>errors &
host=$!
trap 'kill $host; wait $host' EXIT
until grep -qs listening said; do kill -0 $host; sleep 0.05; done
port=$(sed -n 's/.*"port":\\([0-9]*\\).*/\\1/p' said | head -1)
"$0" --disable-warning=ExperimentalWarning ${CROWD} 10.99.0.1 "$port" ${CONNECTIONS}
grep -c 'dropped new connections' errors
`

test(`C70 one address off loopback has ${MOST} connections, and its neighbour comes in beside them`, async (context) => {
  if (spawnSync('unshare', ['-rn', 'ip', 'link', 'set', 'lo', 'up']).status !== 0) {
    if (process.env['CI'] === 'true')
      throw new Error('unshare -rn and ip are needed: apt-get install util-linux iproute2')
    return context.skip('needs a network namespace of its own: unshare -rn, and ip')
  }
  const cwd = await temporaryDirectory()
  const command = ['-c', 'cd "$0" && exec unshare "$@"', cwd, '-rn', 'sh', '-euc', SCRIPT, process.execPath]
  const { code, stdout, stderr } = await run('sh', command)
  expect(code, stderr).toBe(0)
  const [counted = '', logged] = stdout.toString().split('\n')
  expect(JSON.parse(counted)).toEqual({ kept: MOST, neighbour: true })
  expect(Number(logged)).toBeGreaterThan(0)
})
