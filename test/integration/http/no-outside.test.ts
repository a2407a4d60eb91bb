import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { run } from '../../harness/commands.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { MAIN } from '../../harness/program.ts'

/** In a network that has nothing but its own loopback: no names, no way out. */
const ALONE = ['-rn', 'sh', '-euc']
const SCRIPT = `
ip link set lo up
"$0" --disable-warning=ExperimentalWarning ${MAIN} host --json --port 0 --data data </dev/null >said 2>errors &
host=$!
trap 'kill $host; wait $host' EXIT
until grep -q listening said; do sleep 0.05; done
at=$(sed -n 's/.*"port":\\([0-9]*\\).*/127.0.0.1:\\1/p' said | head -1)
curl -sS --fail -T a.bin "http://$at/lobby/" -o answer
curl -sS --fail "http://$at$(sed -n 's/.*"url":"\\([^"]*\\)".*/\\1/p' answer)" -o b.bin
curl -sS --fail -d 'halo dari sini' -H 'Content-Type: text/plain' "http://$at/rooms/lobby/messages" -o said.json
cmp a.bin b.bin
curl -sS --fail "http://$at/rooms/lobby/events"
`

test('P7 one command hosts chat and files where there is no outside at all', async (context) => {
  if (spawnSync('unshare', ['-rn', 'ip', 'link', 'set', 'lo', 'up']).status !== 0) {
    if (process.env['CI'] === 'true')
      throw new Error('unshare -rn and ip are needed: apt-get install util-linux iproute2')
    return context.skip('needs a network namespace of its own: unshare -rn, and ip')
  }
  const cwd = await temporaryDirectory()
  await writeFile(join(cwd, 'a.bin'), Buffer.alloc(3_000_000, 'isi'))
  const { code, stdout, stderr } = await run('sh', [
    '-c',
    `cd "$0" && exec unshare "$@"`,
    cwd,
    ...ALONE,
    SCRIPT,
    process.execPath,
  ])
  expect(code, stderr).toBe(0)
  expect(stdout.toString()).toContain('halo dari sini')
})
