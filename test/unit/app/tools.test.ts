import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { PACKAGES } from '../../harness/tools.ts'

test('every program that tests drive is installed by .ci/run', () => {
  const script = readFileSync(new URL('../../../.ci/run', import.meta.url), 'utf8')
  const installed = Object.fromEntries(
    [...script.matchAll(/^ {2}(\S+)=(\S+)$/gm)].map(([, tool, from]) => [tool, from]),
  )
  expect(installed).toEqual(PACKAGES)
})
