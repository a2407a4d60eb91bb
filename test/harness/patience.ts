/** Ten times what a slow and busy machine needs for anything that a test waits for: what is not there by then hangs. */
export const PATIENCE_MS = 120_000
