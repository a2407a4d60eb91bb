/** What the protocol itself says of sizes (`docs/protocol.md`): not settings, since both sides must agree. */
export interface MessageLimits {
  readonly bytes: number
  /** Values in all, at every depth; keys do not count. */
  readonly items: number
}

export const clientMessageLimits: MessageLimits = { bytes: 64 * 1024, items: 512 }
export const hostMessageLimits: MessageLimits = { bytes: 256 * 1024, items: 65_536 }

/** Arrays and maps inside each other. */
export const MAX_DEPTH = 8
/** Keys of one map, so that looking for the same one twice stays cheap. */
export const MAX_KEYS = 32
