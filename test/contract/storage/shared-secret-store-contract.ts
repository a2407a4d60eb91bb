import assert from 'node:assert/strict'
import type { SharedSecretStore } from '#domain/ports/secret-store.ts'
import { until } from '../patience.ts'
import type { ContractCase } from './contract.ts'

const HOSTS = 4
const CHANGES = 5

const added = (word: string) => (kept: string | undefined) =>
  kept?.split(' ').includes(word) === true ? undefined : [...(kept?.split(' ') ?? []), word].join(' ')

/** The contract of every secret store that several hosts share, beside `secretStoreContract`. `make` answers the stores of so many, all empty. */
export const sharedSecretStoreContract = (
  make: (hosts: number) => Promise<readonly SharedSecretStore[]>,
): readonly ContractCase[] => [
  {
    name: 'given hosts that make a secret at once, then all of them have the one of whoever came first',
    run: async () => {
      const hosts = await make(HOSTS)
      const claimed = await Promise.all(hosts.map((host, index) => host.claim('token', `secret ${index}`)))
      assert.equal(new Set(claimed).size, 1)
      for (const host of hosts) assert.equal(await host.read('token'), claimed[0])
    },
  },
  {
    name: 'given hosts that change the secrets of a room at once, then no change is lost, and other rooms are as they were',
    run: async () => {
      const hosts = await make(HOSTS)
      await hosts[0]?.changeRoom('hall', added('hall'))
      const words = hosts.flatMap((_, host) => Array.from({ length: CHANGES }, (_, change) => `${host}.${change}`))
      await Promise.all(words.map((word, index) => hosts[index % HOSTS]?.changeRoom('den', added(word))))
      for (const host of hosts) {
        assert.deepEqual((await host.readRoom('den'))?.split(' ').sort(), [...words].sort())
        assert.equal(await host.readRoom('hall'), 'hall')
        assert.equal(await host.readRoom('attic'), undefined)
      }
      assert.equal(await hosts[1]?.changeRoom('hall', added('hall')), 'hall')
    },
  },
  {
    name: 'given a host that follows the rooms, then it has what there was, and hears what others change',
    run: async () => {
      const [one, other] = await make(2)
      assert.ok(one !== undefined && other !== undefined)
      await one.changeRoom('den', () => 'first')
      const rooms = new Map<string, string>()
      await other.followRooms((room, kept) => rooms.set(room, kept))
      assert.deepEqual([...rooms], [['den', 'first']])
      await one.changeRoom('Ümläut.room', () => 'second')
      await one.changeRoom('den', () => 'third')
      await until('the last change', () => rooms.get('den') === 'third')
      assert.equal(rooms.get('Ümläut.room'), 'second')
    },
  },
]
