import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, headers } from '@nats-io/transport-node'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { StreamBucket } from '#cluster/bucket.ts'
import { ClusterConnection } from '#cluster/connection.ts'
import { ClusterMembers } from '#cluster/members.ts'
import { MessageCodec, NO_SEAL } from '#cluster/message.ts'
import { ClusterNames } from '#cluster/names.ts'
import { Subjects } from '#cluster/subjects.ts'
import { Batch } from '#domain/room/batch.ts'
import { ClusterJournal } from '#storage/cluster/journal.ts'
import { refuseCopy } from '#storage/cluster/progress.ts'
import { ClusterSecretStore } from '#storage/cluster/secret-store.ts'
import { MemoryJournal } from '#storage/memory/journal.ts'
import { MemorySecretStore } from '#storage/memory/secret-store.ts'
import { SqliteJournal } from '#storage/sqlite/journal.ts'
import { SystemClock } from '#system/clock.ts'
import { MemoryLog } from '#system/log.ts'
import { MemoryMetrics } from '#system/metrics.ts'
import { journalContract } from '../../contract/storage/journal-contract.ts'
import { numbered, readAll, Subject } from '../../contract/storage/journal-subject.ts'
import { secretStoreContract } from '../../contract/storage/secret-store-contract.ts'
import { sharedJournalContract } from '../../contract/storage/shared-journal-contract.ts'
import { sharedMembersContract } from '../../contract/storage/shared-members-contract.ts'
import { sharedNamesContract } from '../../contract/storage/shared-names-contract.ts'
import { sharedSecretStoreContract } from '../../contract/storage/shared-secret-store-contract.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { freePorts, hasNats, NatsServer } from '../../harness/nats.ts'
import { until } from '../../harness/patience.ts'
import { textsOf } from '../../harness/people.ts'
import { CollectedLog } from '../storage/sqlite/collected-log.ts'

// Each journal starts a thread; compiling its modules anew each time is most of what the contract would take.
process.env['NODE_COMPILE_CACHE'] = join(tmpdir(), 'tamtam-compile-cache')

const isHere = hasNats()
let nats: NatsServer
let clusters = 0

describe.skipIf(!isHere)('P8 ClusterJournal', () => {
  beforeAll(async () => {
    // What is asked of the journal here does not depend on syncing.
    nats = (await NatsServer.start(1, 'sometimes'))[0] as NatsServer
    return () => nats.kill()
  })
  const journalOver = (
    cluster: string,
    copy: MemoryJournal | SqliteJournal,
    log: CollectedLog,
    directory?: string,
    node = 'a',
  ) =>
    new ClusterJournal({
      connection: new ClusterConnection({ servers: [nats.url], name: 'test' }, log),
      ...{ cluster, node, replicas: 1, shards: 1, copy, log, metrics: new MemoryMetrics() },
      ...(directory === undefined ? {} : { directory }),
    })

  // The copy pages its facts the same, whoever appended them; this one moves 60 MB.
  const HEAVY = 'facts are the topics and files of a room, in order'

  describe('over a copy in SQLite', () => {
    const contract = journalContract(async () => {
      const cluster = `s${clusters++}`
      const log = new CollectedLog()
      const directory = await mkdtemp(join(tmpdir(), 'tamtam-cluster-'))
      const make = () => journalOver(cluster, new SqliteJournal({ directory, log, isCopy: true }), log, directory)
      let journal = make()
      await journal.open()
      return {
        journal,
        reopen: async () => {
          await journal.close()
          journal = make()
          await journal.open()
          return journal
        },
        dispose: async () => {
          await journal.close()
          await rm(directory, { recursive: true })
          log.assertQuiet()
        },
      }
    })
    for (const { name, run } of contract) if (name !== HEAVY) test.concurrent(name, run)
  })

  describe('of two nodes', () => {
    const contract = sharedJournalContract(async () => {
      const cluster = `t${clusters++}`
      const log = new CollectedLog()
      const [one, other] = ['a', 'b'].map((node) =>
        journalOver(cluster, new MemoryJournal({ isCopy: true }), log, undefined, node),
      )
      if (one === undefined || other === undefined) throw new Error('there are two')
      await Promise.all([one.open(), other.open()])
      return {
        ...{ one, other },
        dispose: async () => {
          await Promise.all([one.close(), other.close()])
          log.assertQuiet()
        },
      }
    })
    for (const { name, run } of contract) test(name, run)
  })

  describe('P8 ClusterSecretStore', () => {
    const make = async (hosts: number) => {
      const subjects = new Subjects(`k${clusters++}`, 1)
      return await Promise.all(
        Array.from({ length: hosts }, async () => {
          const log = new CollectedLog()
          const connection = new ClusterConnection({ servers: [nats.url], name: 'test' }, log)
          await connection.open()
          onTestFinished(() => connection.close())
          const bucket = new StreamBucket(connection, subjects.bucket('secrets'), 1, log)
          return new ClusterSecretStore(bucket, connection, 'key of the cluster', new MemorySecretStore(), log)
        }),
      )
    }
    const one = secretStoreContract(async () => {
      const [secretStore, again] = await make(2)
      if (secretStore === undefined || again === undefined) throw new Error('there are two')
      return { secretStore, again: () => again }
    })
    for (const { name, run } of [...one, ...sharedSecretStoreContract(make)]) test(name, run)
  })

  describe('P8 ClusterMembers', () => {
    const contract = sharedMembersContract(async (count) => {
      const subjects = new Subjects(`m${clusters++}`, 1)
      const log = new MemoryLog()
      const nodes = await Promise.all(
        Array.from({ length: count }, async (_, index) => {
          const connection = new ClusterConnection({ servers: [nats.url], name: 'test' }, log)
          await connection.open()
          const ports = { clock: new SystemClock(), log, metrics: new MemoryMetrics() }
          const { bus } = connection
          const members = new ClusterMembers({
            ...ports,
            bus,
            subjects,
            node: `n${index}`,
            key: 'key',
            version: '1',
            lagMs: () => 0,
          })
          await members.open()
          return { connection, members }
        }),
      )
      await until('the hosts to know each other', () =>
        nodes.every(({ members }) => members.others.length === count - 1),
      )
      return {
        hosts: nodes.map(({ members }) => members),
        dispose: async () => {
          for (const { members } of nodes) await members.close()
          for (const { connection } of nodes) await connection.close()
        },
      }
    })
    for (const { name, run } of contract) test(name, run)
  })

  describe('P8 ClusterNames', () => {
    const contract = sharedNamesContract(async (hosts) => {
      const subjects = new Subjects(`n${clusters++}`, 1)
      const log = new MemoryLog()
      return await Promise.all(
        Array.from({ length: hosts }, async (_, index) => {
          const connection = new ClusterConnection({ servers: [nats.url], name: 'test' }, log)
          await connection.open()
          onTestFinished(() => connection.close())
          const bucket = new StreamBucket(connection, subjects.bucket('names'), 1, log)
          const nodes = { host: `n${index}.x`, lives: () => true, onBack: () => {} }
          return new ClusterNames({ bucket, nodes, key: undefined, log })
        }),
      )
    })
    for (const { name, run } of contract) test(name, run)
  })

  test('a node that starts empty reads everything again, also what was trimmed away before it came', async () => {
    const cluster = `e${clusters++}`
    const log = new CollectedLog()
    const one = journalOver(cluster, new MemoryJournal({ isCopy: true }), log)
    await one.open()
    const subject = new Subject({ journal: one, dispose: () => one.close() })
    await subject.append('lobby', [{ type: 'topicSet', topic: 'kopi' }])
    for (let count = 0; count < 20; count++)
      await subject.append('lobby', [{ type: 'said', text: `old ${count}` }], [`${count}`])
    await one.trim('lobby', 15)
    await subject.append('lobby', [{ type: 'said', text: 'new' }])
    const other = journalOver(cluster, new MemoryJournal({ isCopy: true }), log, undefined, 'b')
    await other.open()
    await other.caughtUp('lobby')
    expect(await other.span('lobby')).toEqual(await one.span('lobby'))
    expect(await readAll(other, 'lobby', 0, 10)).toEqual(await readAll(one, 'lobby', 0, 10))
    expect(await other.facts('lobby')).toEqual(await one.facts('lobby'))
    await Promise.all([one.close(), other.close()])
    log.assertQuiet()
  })

  test('a copy that lost its end in a power cut is read again when a room is used', async () => {
    const cluster = `p${clusters++}`
    const log = new CollectedLog()
    const directory = await temporaryDirectory()
    const one = journalOver(cluster, new SqliteJournal({ directory, log, isCopy: true }), log, directory)
    await one.open()
    const subject = new Subject({ journal: one, dispose: () => one.close() })
    for (let count = 0; count < 12; count++) await subject.append('lobby', [{ type: 'said', text: `${count}` }])
    const whole = await readAll(one, 'lobby', 0, 10)
    await one.close()
    // What it notes says that everything is there.
    const again = journalOver(cluster, new MemoryJournal({ isCopy: true }), log, directory)
    await again.open()
    await again.caughtUp('lobby')
    expect(await readAll(again, 'lobby', 0, 10)).toEqual(whole)
    await new Subject({ journal: again, dispose: () => again.close() }).append('lobby', [{ type: 'said', text: 'new' }])
    await again.close()
    log.assertQuiet()
  })

  test('C133 what was forged or torn is left out by every node, and the room goes on', async () => {
    const cluster = `f${clusters++}`
    const log = new CollectedLog()
    const [one, other] = ['a', 'b'].map((node) =>
      journalOver(cluster, new MemoryJournal({ isCopy: true }), log, undefined, node),
    )
    if (one === undefined || other === undefined) throw new Error('there are two')
    await Promise.all([one.open(), other.open()])
    const subject = new Subject({ journal: one, dispose: () => one.close() })
    await subject.append('lobby', [{ type: 'said', text: 'one' }])
    const forger = new ClusterConnection({ servers: [nats.url], name: 'forger' }, log)
    await forger.open()
    const subjects = new Subjects(cluster, 1)
    const filter = subjects.ofRoom('lobby', '*')
    const kept = await forger.newest(subjects.stream(0), filter)
    const forged = new MessageCodec('another key').encodeBatch(
      subjects.ofRoom('lobby', 'chat'),
      new Batch('lobby', numbered([{ type: 'said', text: 'forged' }], 2)),
      'x.y.1',
      NO_SEAL,
    )
    // Another key, the same message again, half of it, nothing.
    for (const data of [forged, kept?.data ?? forged, forged.subarray(0, 40), new Uint8Array(0)]) {
      const newest = await forger.newest(subjects.stream(0), filter)
      const published = await forger.publish(subjects.ofRoom('lobby', 'chat'), data, filter, newest?.seq ?? 0)
      expect(published.status).toBe('kept')
    }
    // Sent as if the stream had it, at the place of the next: the room's last message, half of it, another room's.
    const network = await connect({ servers: nats.url })
    for (const data of [kept?.data ?? forged, forged, new Uint8Array(0)]) {
      const sent = headers()
      sent.set('Nats-Sequence', '6')
      sent.set('Nats-Subject', subjects.ofRoom('lobby', 'chat'))
      network.publish(subjects.live(0).replace('>', 'x'), data, { headers: sent })
    }
    await network.flush()
    await subject.append('lobby', [{ type: 'said', text: 'two' }])
    await until('it is read live', async () => (await other.span('lobby'))?.last === 2)
    await network.close()
    await other.caughtUp('lobby')
    for (const journal of [one, other]) expect(textsOf(await readAll(journal, 'lobby', 0, 10))).toEqual(['one', 'two'])
    expect(log.lines.filter(({ level }) => level === 'error').length).toBeGreaterThanOrEqual(8)
    await Promise.all([one.close(), other.close(), forger.close()])
  })

  test('C130 a log that was deleted and made anew is not taken for the one that the copy is of', async () => {
    const cluster = `d${clusters++}`
    const log = new CollectedLog()
    const directory = await temporaryDirectory()
    const copy = () => new SqliteJournal({ directory, log, isCopy: true })
    const node = journalOver(cluster, copy(), log, directory)
    await node.open()
    const subject = new Subject({ journal: node, dispose: () => node.close() })
    await subject.append('lobby', [{ type: 'said', text: 'halo' }])
    const whole = await readAll(node, 'lobby', 0, 10)
    await node.close()
    const network = await connect({ servers: nats.url })
    await network.request(`$JS.API.STREAM.DELETE.${new Subjects(cluster, 1).stream(0)}`)
    await network.close()
    await expect(journalOver(cluster, copy(), log, directory).open()).rejects.toMatchObject({
      code: 'CLUSTER_OTHER_DATA',
      message: expect.stringContaining('made anew'),
    })
    // Nothing was done to the copy.
    const kept = copy()
    await kept.open()
    expect(await readAll(kept, 'lobby', 0, 10)).toEqual(whole)
    await kept.close()
  })

  test('a second key, another cluster and a directory of a host of its own are refused, and nothing is changed', async () => {
    const cluster = `r${clusters++}`
    const log = new CollectedLog()
    const directory = await temporaryDirectory()
    const own = new SqliteJournal({ directory, log })
    await own.open()
    await new Subject({ journal: own, dispose: async () => {} }).append('lobby', [{ type: 'said', text: 'halo' }])
    await own.close()
    const sqlite = () => new SqliteJournal({ directory, log, isCopy: true })
    await expect(journalOver(cluster, sqlite(), log, directory).open()).rejects.toThrow('history of a host of its own')

    const keyed = (key: string) =>
      new ClusterJournal({
        connection: new ClusterConnection({ servers: [nats.url], name: 'test' }, log),
        ...{ cluster, node: 'a', replicas: 1, shards: 1, copy: new MemoryJournal({ isCopy: true }), log, key },
        metrics: new MemoryMetrics(),
      })
    const first = keyed('rahasia')
    await first.open()
    await expect(keyed('lain').open()).rejects.toMatchObject({ code: 'CLUSTER_UNFIT' })
    await first.close()

    const fresh = await temporaryDirectory()
    const copy = () => new SqliteJournal({ directory: fresh, log, isCopy: true })
    const node = journalOver(`${cluster}-1`, copy(), log, fresh)
    await node.open()
    await node.close()
    await expect(journalOver(`${cluster}-2`, copy(), log, fresh).open()).rejects.toMatchObject({
      code: 'CLUSTER_OTHER_DATA',
    })
    await expect(refuseCopy(fresh)).rejects.toMatchObject({ code: 'CLUSTER_OTHER_DATA' })
    const nobody = new ClusterConnection(
      { servers: [`nats://127.0.0.1:${(await freePorts(1))[0]}`], name: 'test' },
      log,
    )
    await expect(nobody.open()).rejects.toMatchObject({ code: 'CLUSTER_UNREACHABLE' })
  })
})
