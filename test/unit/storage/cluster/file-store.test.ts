import { describe, expect, test } from 'vitest'
import type { CopyState, FilePeers } from '#cluster/file-peers.ts'
import { FileAway, type FileStore, type FileWriter, type KnownFile } from '#domain/ports/file-store.ts'
import { ClusterFileStore } from '#storage/cluster/file-store.ts'
import { MemoryFileStore } from '#storage/memory/file-store.ts'
import { ManualClock } from '#system/clock.ts'
import { MemoryLog } from '#system/log.ts'
import { MemoryMetrics } from '#system/metrics.ts'
import { fileStoreContract } from '../../../contract/storage/file-store-contract.ts'
import {
  appendAll,
  begin,
  CONTRACT_MAX_FILE_BYTES,
  collect,
  MIB,
  ONE,
  put,
  sample,
  sha256,
  TWO,
  take,
} from '../../../contract/storage/file-store-subject.ts'
import { until } from '../../../harness/patience.ts'

/** Nodes in one process: what one asks of another it is given at once, unless that is cut off. */
class Nodes {
  readonly stores = new Map<string, ClusterFileStore>()
  /** The files of each node itself. */
  readonly locals = new Map<string, MemoryFileStore>()
  readonly cut = new Set<string>()
  readonly known = new Map<string, KnownFile>()
  readonly metrics = new MemoryMetrics()
  readonly log = new MemoryLog()
  readonly clock = new ManualClock()
  single = 0
  readonly orphaned: string[] = []
  /** Of each file, how often it was asked for. */
  readonly asked = new Map<string, number>()
  /** A node that gives its bytes with this change. */
  change: { readonly node: string; readonly by: (piece: Uint8Array) => Uint8Array } | undefined
  /** Ends what is under way. */
  breakOff = new AbortController()

  add(host: string, local = new MemoryFileStore({ maxFileBytes: CONTRACT_MAX_FILE_BYTES })): ClusterFileStore {
    const store = new ClusterFileStore({
      ...{ local, host, peers: this.peersOf(host), clock: this.clock, log: this.log, metrics: this.metrics },
      onSingle: (files) => {
        this.single = files
      },
    })
    store.know(
      async (id) => this.known.get(id),
      async (id) => void this.orphaned.push(`${id === ONE ? 'one' : 'two'} at ${host}`),
    )
    this.stores.set(host, store)
    this.locals.set(host, local)
    return store
  }

  peersOf(host: string): FilePeers {
    const nodes = this
    return {
      get others() {
        return [...nodes.stores.keys()].filter((each) => each !== host && !nodes.cut.has(each))
      },
      get aloneMs() {
        return this.others.length === 0 ? Number.POSITIVE_INFINITY : 0
      },
      read: async (node, id, from, signal) => {
        this.asked.set(id, (this.asked.get(id) ?? 0) + 1)
        const found = await this.#at(node).give(id, from)
        return found && this.#passing(node, found.bytes, AbortSignal.any([signal, this.breakOff.signal]))
      },
      copy: async (node, id, digest): Promise<CopyState> => await this.#at(node).copyFrom(host, id, digest),
      lacking: async (node, ids) => await this.#at(node).lacking(ids),
    }
  }

  /** Waits for it, while the nodes' time goes on. */
  async until(what: string, is: () => boolean | Promise<boolean>): Promise<void> {
    await until(what, () => {
      this.clock.advance(200)
      return is()
    })
  }

  /** Each node's bytes of the file, where it has it whole. */
  async having(id: string): Promise<readonly string[]> {
    const found: string[] = []
    for (const [host, local] of this.locals) if ((await local.size(id)) !== undefined) found.push(host)
    return found
  }

  local(node: string): MemoryFileStore {
    return this.locals.get(node) as MemoryFileStore
  }

  #at(node: string): ClusterFileStore {
    const store = this.stores.get(node)
    if (store === undefined || this.cut.has(node)) throw new Error('it cannot be reached')
    return store
  }

  async *#passing(node: string, bytes: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const pieces = bytes[Symbol.asyncIterator]()
    signal.addEventListener('abort', () => void pieces.return?.(), { once: true })
    for (;;) {
      const { done, value } = await pieces.next()
      if (signal.aborted) throw new Error('it broke off')
      if (done === true) return
      yield this.change?.node === node ? this.change.by(value) : value
    }
  }
}

const bytes = sample(MIB + 7)
const whole: KnownFile = { whole: { size: bytes.length, sha256: sha256(bytes) } }

describe('P8 ClusterFileStore', () => {
  const make = async () => {
    const fileStore: FileStore = new Nodes().add('a')
    await fileStore.open()
    return { fileStore, dispose: () => fileStore.close() }
  }
  for (const { name, run } of fileStoreContract(make)) test(name, run)
})

test('a file of another node is fetched once for however many read it, and kept', async () => {
  const nodes = new Nodes()
  nodes.add('a')
  const other = nodes.add('b')
  await put(nodes.local('a'), ONE, bytes)
  nodes.known.set(ONE, whole)
  const all = await Promise.all([0, 0, 5].map((from) => collect(other.read(ONE, from))))
  expect(all.map((got, index) => got.equals(bytes.subarray(index === 2 ? 5 : 0)))).toEqual([true, true, true])
  await until('its copy', async () => (await other.size(ONE)) === bytes.length)
  expect(nodes.asked.get(ONE)).toBe(1)
  nodes.cut.add('a')
  expect((await collect(other.read(ONE))).equals(bytes)).toBe(true)
})

test('a growing file is followed, over a break of its node, and is kept once the room knows its digest', async () => {
  const nodes = new Nodes()
  nodes.add('a')
  const other = nodes.add('b')
  nodes.known.set(ONE, { home: 'a' })
  const writer = await begin(nodes.local('a'), ONE)
  await take(writer, bytes.subarray(0, 1000))
  const following = collect(other.read(ONE))
  await until('its beginning', async () => ((await other.durable(ONE)) ?? 0) > 0)
  nodes.breakOff.abort()
  nodes.breakOff = new AbortController()
  await take(writer, bytes.subarray(1000))
  await writer.finish()
  await nodes.until('another try', () => (nodes.asked.get(ONE) ?? 0) > 1)
  expect(await other.size(ONE)).toBeUndefined()
  nodes.known.set(ONE, whole)
  await nodes.until('its end', async () => (await other.size(ONE)) !== undefined)
  expect((await following).equals(bytes)).toBe(true)
  expect(await other.size(ONE)).toBe(bytes.length)
})

test('other bytes than the room knows are not kept: the next node is asked', async () => {
  const nodes = new Nodes()
  for (const node of ['a', 'b']) nodes.add(node)
  const reader = nodes.add('c')
  for (const node of ['a', 'b']) await put(nodes.local(node), ONE, bytes)
  nodes.known.set(ONE, { ...whole, home: 'a' })
  nodes.change = { node: 'a', by: (piece) => piece.map((byte) => byte ^ 1) }
  await collect(reader.read(ONE)).catch(() => undefined)
  await nodes.until('the right one', async () => (await reader.size(ONE)) !== undefined)
  expect((await collect(reader.read(ONE))).equals(bytes)).toBe(true)
  expect(nodes.metrics.snapshot().counters['cluster_files_wrong']).toBe(1)
})

test('where no node has it, or this one has no room, the reader is told; a room that knows none is not searched', async () => {
  const nodes = new Nodes()
  nodes.add('a')
  const full = nodes.add('b', new MemoryFileStore({ hostQuotaBytes: 100 }))
  nodes.known.set(ONE, whole)
  const refused = expect(collect(full.read(ONE))).rejects.toThrow(FileAway)
  let isOver = false
  void refused.finally(() => {
    isOver = true
  })
  await nodes.until('the refusal', () => isOver)
  await put(nodes.local('a'), ONE, bytes)
  await expect(collect(full.read(ONE))).rejects.toThrow()
  expect([await full.durable(ONE), full.bytesLeft]).toEqual([undefined, 100])
  nodes.known.delete(ONE)
  nodes.asked.clear()
  await expect(collect(full.read(ONE))).rejects.not.toThrow(FileAway)
  expect(nodes.asked.size).toBe(0)
})

test('an upload whose home is gone is handed over with its bytes, once; one that became whole meanwhile is copied on', async () => {
  const nodes = new Nodes()
  nodes.add('a')
  const other = nodes.add('b')
  nodes.add('c')
  for (const id of [ONE, TWO]) {
    nodes.known.set(id, { home: 'a' })
    const writer = await begin(nodes.local('a'), id)
    await take(writer, bytes.subarray(0, 1000))
    expect(await other.copyFrom('a', id)).toBe('copying')
    await until('its bytes', async () => (await other.durable(id)) !== undefined)
    if (id === ONE) continue
    await take(writer, bytes.subarray(1000))
    await writer.finish()
  }
  nodes.known.set(TWO, whole)
  await nodes.until('the whole one', async () => (await other.size(TWO)) !== undefined)
  nodes.cut.add('a')
  nodes.breakOff.abort()
  await nodes.until('the other', () => nodes.orphaned.length > 0)
  const resumed = await other.resume(ONE)
  expect([nodes.orphaned, resumed]).toEqual([['one at b'], expect.objectContaining({ offset: 1000 })])
})

test('what went on elsewhere stays only where it is what the rooms know', async () => {
  const nodes = new Nodes()
  const one = nodes.add('a')
  await put(nodes.local('a'), ONE, bytes)
  await put(nodes.local('a'), TWO, bytes.subarray(1))
  for (const id of [ONE, TWO]) {
    nodes.known.set(id, whole)
    await one.recheck(id)
  }
  expect([await nodes.having(ONE), await nodes.having(TWO)]).toEqual([['a'], []])
})

test('what is removed ends its copy on the way', async () => {
  const nodes = new Nodes()
  nodes.add('a')
  const other = nodes.add('b')
  nodes.known.set(ONE, { home: 'a' })
  const writer: FileWriter = await begin(nodes.local('a'), ONE)
  await take(writer, bytes)
  const following = collect(other.read(ONE))
  await until('its beginning', async () => ((await other.durable(ONE)) ?? 0) > 0)
  await other.remove(ONE)
  await expect(following).rejects.toThrow()
  expect(await other.durable(ONE)).toBeUndefined()
})

test('a file is finished once one other node has it too, small or copied as it grows', async () => {
  const nodes = new Nodes()
  const one = nodes.add('a')
  for (const node of ['b', 'c']) nodes.add(node)
  await put(one, ONE, bytes.subarray(0, 10))
  expect(await nodes.having(ONE)).toHaveLength(2)
  const large = sample(3 * MIB)
  const writer = await begin(one, TWO)
  await appendAll(writer, large.subarray(0, 2 * MIB), 64 * 1024)
  await until('a copy on its way', () => nodes.asked.has(TWO))
  await appendAll(writer, large.subarray(2 * MIB), 64 * 1024)
  await writer.finish()
  const having = await nodes.having(TWO)
  expect(having).toHaveLength(2)
  for (const node of having) expect((await collect(nodes.local(node).read(TWO))).equals(large)).toBe(true)
  expect([nodes.asked.get(TWO), nodes.single]).toEqual([1, 0])
})

test('a node that goes, has no room, or got other bytes takes no copy: the next one does', async () => {
  const nodes = new Nodes()
  const one = nodes.add('a')
  nodes.add('b', new MemoryFileStore({ hostQuotaBytes: 100 }))
  nodes.add('c')
  nodes.add('d')
  nodes.cut.add('d')
  await put(one, ONE, bytes)
  expect(await nodes.having(ONE)).toEqual(['a', 'c'])
  // Something else under this id, from a start before: it is replaced.
  await put(nodes.local('c'), TWO, bytes.subarray(5))
  await put(one, TWO, bytes)
  expect((await collect(nodes.local('c').read(TWO))).equals(bytes)).toBe(true)
})

test('where no node has room for a copy, the sender does not wait', async () => {
  const nodes = new Nodes()
  const one = nodes.add('a')
  for (const node of ['b', 'c']) nodes.add(node, new MemoryFileStore({ hostQuotaBytes: 100 }))
  await put(one, ONE, bytes)
  expect([await nodes.having(ONE), nodes.single, nodes.asked.get(ONE)]).toEqual([['a'], 1, 2])
})

test('without another node a file is kept alone, told, and copied once one is there; also after a restart', async () => {
  const nodes = new Nodes()
  const one = nodes.add('a')
  await put(one, ONE, bytes)
  await put(nodes.local('a'), TWO, bytes)
  expect([await nodes.having(ONE), nodes.single]).toEqual([['a'], 1])
  nodes.known.set(ONE, whole)
  nodes.known.set(TWO, whole)
  one.check([ONE, TWO])
  nodes.add('b')
  await nodes.until('a copy', async () => (await nodes.having(ONE)).length === 2)
  await nodes.until('the news', () => nodes.single === 0)
  nodes.clock.advance(60_000)
  await nodes.until('what was not known', async () => (await nodes.having(TWO)).length === 2)
  await nodes.until('the news', () => nodes.single === 0)
})

test('for a node that is lost for good each has copied what it alone has now, and names what none has', async () => {
  const nodes = new Nodes()
  const [one, other] = [nodes.add('a'), nodes.add('b')]
  nodes.add('c')
  await put(nodes.local('a'), ONE, bytes)
  nodes.known.set(ONE, whole)
  nodes.known.set(TWO, whole)
  await put(nodes.local('c'), TWO, bytes)
  nodes.cut.add('c')
  expect([await one.spread([ONE, TWO]), await other.spread([ONE, TWO])]).toEqual([
    { copying: 1, missing: [TWO] },
    { copying: 0, missing: [TWO] },
  ])
  await nodes.until('a copy', async () => (await nodes.having(ONE)).length === 2)
  nodes.cut.add('b')
  await expect(one.spread([ONE])).rejects.toThrow()
})
