import assert from 'node:assert/strict'
import type { SharedNames } from '#domain/ports/shared-names.ts'
import { until } from '../patience.ts'
import type { ContractCase } from './contract.ts'

const HOSTS = 3
const RACES = 10

const cases: Readonly<Record<string, (hosts: readonly SharedNames[]) => Promise<void>>> = {
  'given hosts that take a name for several owners at once, then one of them has it': async (hosts) => {
    for (let race = 0; race < RACES; race++) {
      const answers = await Promise.all(hosts.map((host, index) => host.claim(`budi ${race}`, `owner ${index}`)))
      assert.deepEqual(answers.sort(), ['claimed', 'taken', 'taken'])
    }
  },
  'an owner has a name at several hosts, until the last of them frees it': async ([one, other, third]) => {
    assert.ok(one !== undefined && other !== undefined && third !== undefined)
    assert.deepEqual(await Promise.all([one, other].map((host) => host.claim('ani', 'owner'))), ['claimed', 'claimed'])
    one.release('ani')
    // In turn, behind the release.
    assert.equal(await one.claim('ani', 'somebody else'), 'taken')
    assert.deepEqual([await third.look('ani', 'somebody else'), await third.look('ani', 'owner')], ['taken', 'free'])
    other.release('ani')
    await until('the name to be free', async () => (await third.look('ani', 'somebody else')) === 'free')
    assert.equal(await third.claim('ani', 'somebody else'), 'claimed')
    assert.equal(await one.look('ani', 'owner'), 'taken')
  },
  "who has a name at a host is that host's to know": async ([one, other]) => {
    assert.ok(one !== undefined && other !== undefined)
    assert.deepEqual([await one.claim('ani', 'a'), await one.claim('ani', 'b')], ['claimed', 'claimed'])
    assert.deepEqual([await other.claim('ani', 'a'), await other.claim('ani', 'b')], ['taken', 'claimed'])
  },
}

/** The contract of names that several hosts share. `make` answers so many hosts, all alive, on no names. */
export const sharedNamesContract = (
  make: (hosts: number) => Promise<readonly SharedNames[]>,
): readonly ContractCase[] =>
  Object.entries(cases).map(([name, check]) => ({ name, run: async () => check(await make(HOSTS)) }))
