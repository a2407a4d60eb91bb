// For those who write an adapter of their own, or test against a room in memory: `tamtam-chat/testing`.
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
