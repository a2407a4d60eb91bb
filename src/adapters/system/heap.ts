import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'

const STALE_MS = 3000

/** Tells whether the heap is nearly full of what is in use, not of garbage (C81). */
export class HeapMonitor {
  readonly #mostBytes: number
  /** Right after the newest full collection, and when that was. */
  #inUse = 0
  #collectedAt = 0
  readonly #observer = new PerformanceObserver((list) => {
    if (!list.getEntries().some(isFullCollection)) return
    this.#inUse = getHeapStatistics().used_heap_size
    this.#collectedAt = performance.now()
  })

  /**
   * It is short when more than this share of what V8 may take is in use; at the whole of it V8 ends the process. The young
   * generation counts as well: 6 MB as `npm start` sets it.
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

  /** A heap that fills is collected all the time; one that is not may have been left by everybody since. */
  get isShort(): boolean {
    return this.#inUse > this.#mostBytes && performance.now() - this.#collectedAt < STALE_MS
  }
}

const isFullCollection = (entry: PerformanceEntry): boolean =>
  (entry as { readonly detail?: { readonly kind?: number } }).detail?.kind === constants.NODE_PERFORMANCE_GC_MAJOR
