/** Ten times what a slow and busy machine needs for anything that a test waits for: what is not there by then hangs. */
export const PATIENCE_MS = 120_000

/** Between two looks, and what it grows to: many a look starts a process or asks a host. */
const FIRST_LOOK_MS = 2
const LATER_LOOK_MS = 25

/** Waits until `holds` does, or fails after the deadline. */
export const until = async (
  what: string,
  holds: () => boolean | Promise<boolean>,
  deadlineMs = PATIENCE_MS,
): Promise<void> => {
  const deadline = performance.now() + deadlineMs
  let lookMs = FIRST_LOOK_MS
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`waited in vain for: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, lookMs))
    lookMs = Math.min(1.5 * lookMs, LATER_LOOK_MS)
  }
}
