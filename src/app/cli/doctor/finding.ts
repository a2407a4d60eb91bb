/** What one look found. `bad` is what keeps a host from working, or from keeping its promises. */
export interface Finding {
  readonly check: string
  readonly status: 'ok' | 'warning' | 'bad'
  readonly what: string
  /** What to do about it. */
  readonly advice?: string
}

export const ok = (check: string, what: string): Finding => ({ check, status: 'ok', what })
export const warning = (check: string, what: string, advice: string): Finding => ({
  check,
  status: 'warning',
  what,
  advice,
})
export const bad = (check: string, what: string, advice: string): Finding => ({ check, status: 'bad', what, advice })
