import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'

const STALE_MS = 3000

/** Tells whether the heap is nearly full of live objects, not of garbage (C81). */
export class HeapMonitor {
  readonly #mostBytes: number
  /** Bytes in use right after the newest full collection, and its time. */
  #inUse = 0
  #collectedAt = 0
  readonly #observer = new PerformanceObserver((list) => {
    if (!list.getEntries().some(isFullCollection)) return
    this.#inUse = getHeapStatistics().used_heap_size
    this.#collectedAt = performance.now()
  })

  /**
   * Memory is short when more than this share of V8's limit is in use; at the limit V8 ends the process. The young generation
   * counts as well: 6 MB as `npm start` sets it.
   */
  constructor(share: number) {
    this.#mostBytes = getHeapStatistics().heap_size_limit * share
  }

  start(): void {
    this.#observer.observe({ entryTypes: ['gc'] })
  }

  stop(): void {
    this.#observer.disconnect()
  }

  /** A heap that fills up is collected all the time; without a recent collection its users may have left since. */
  get isShort(): boolean {
    return this.#inUse > this.#mostBytes && performance.now() - this.#collectedAt < STALE_MS
  }
}

const isFullCollection = (entry: PerformanceEntry): boolean =>
  (entry as { readonly detail?: { readonly kind?: number } }).detail?.kind === constants.NODE_PERFORMANCE_GC_MAJOR
