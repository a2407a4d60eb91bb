/** How far somebody has read in a room. */
export interface Unread {
  /** The newest entry that was seen. */
  readonly read: number
  /** The number of messages after it. */
  readonly count: number
  /** Entries after this one were new when the view was opened, or when the person looked away: the line stays there while they read. */
  readonly divider: number | undefined
}

/** `read`: where it was left the last time, if ever; `newest`: where the room is now. */
export const opened = (read: number | undefined, newest: number): Unread => ({
  read: newest,
  count: 0,
  divider: read !== undefined && read < newest ? read : undefined,
})

/** Something was said. `seen`: somebody looks, and at the end of the room. */
export function said(unread: Unread, seq: number, seen: boolean, own: boolean): Unread {
  if (own) return { read: seq, count: 0, divider: undefined }
  if (seen) return { ...unread, read: seq }
  return { ...unread, count: unread.count + 1, divider: unread.count === 0 ? unread.read : unread.divider }
}

/** Somebody has come back, or down to the end. */
export const looked = (unread: Unread, newest: number): Unread =>
  unread.count === 0 && unread.read >= newest ? unread : { ...unread, read: newest, count: 0 }

export const cleared = (unread: Unread): Unread =>
  unread.divider === undefined ? unread : { ...unread, divider: undefined }
