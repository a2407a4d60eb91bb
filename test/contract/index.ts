/**
 * `tamtam-room/testing`: for authors of adapters, and for tests against a room in memory.
 *
 * A contract is a function from a way to make an adapter to test cases (`{ name, run }`); a case fails by throwing, so any test runner will do:
 *
 * ```ts
 * for (const { name, run } of journalContract(async () => ({ journal: new OwnJournal(), … }))) test(name, run)
 * ```
 *
 * Beside them are the in-memory adapters of every port, a clock that is set by hand, and `memoryPair`: a connection without a network.
 *
 * @module tamtam-room/testing
 */
export {
  type ConnectionAcceptor,
  MemoryConnection,
  MemoryNetwork,
  memoryPair,
  type PairOptions,
} from '#server/memory/pair.ts'
export { MemoryFileStore, type MemoryFileStoreOptions } from '#storage/memory/file-store.ts'
export { MemoryJournal } from '#storage/memory/journal.ts'
export { MemorySecretStore } from '#storage/memory/secret-store.ts'
export { MemorySharedJournal, SharedLog } from '#storage/memory/shared-journal.ts'
export { MemorySharedSecretStore, SharedSecrets } from '#storage/memory/shared-secret-store.ts'
export { ManualClock } from '#system/clock.ts'
export { CountingIds } from '#system/ids.ts'
export { type LogLine, MemoryLog } from '#system/log.ts'
export { MemoryMetrics, type MetricsSnapshot } from '#system/metrics.ts'
export { type ClockUnderTest, clockContract } from './storage/clock-contract.ts'
export type { ContractCase } from './storage/contract.ts'
export { fileStoreContract } from './storage/file-store-contract.ts'
export { idsContract } from './storage/ids-contract.ts'
export { type JournalUnderTest, journalContract } from './storage/journal-contract.ts'
export { secretStoreContract } from './storage/secret-store-contract.ts'
export { type SharedJournalsUnderTest, sharedJournalContract } from './storage/shared-journal-contract.ts'
export { type SharedMembersUnderTest, sharedMembersContract } from './storage/shared-members-contract.ts'
export { sharedNamesContract } from './storage/shared-names-contract.ts'
export { sharedSecretStoreContract } from './storage/shared-secret-store-contract.ts'
