/** `2s`, `1m05s`, `2h03m`; up from. */
export function durationText(ms: number): string {
  const seconds = Math.ceil(ms / 1000)
  if (seconds < 60) return `${seconds}s`
  const two = (count: number) => String(count).padStart(2, '0')
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${two(seconds % 60)}s`
  return `${Math.floor(seconds / 3600)}h${two(Math.floor((seconds % 3600) / 60))}m`
}

/** How long something took: `3.7s`, and from a minute on as `durationText`. */
export const tookText = (ms: number): string => (ms < 59_950 ? `${(ms / 1000).toFixed(1)}s` : durationText(ms))
