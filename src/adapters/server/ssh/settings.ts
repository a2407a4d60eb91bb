/** Settings of the SSH server; the defaults are in `app/defaults.ts`. */
export interface SshSettings {
  /** A client must have logged in by then. */
  readonly loginMs: number
  /** Requests to log in, and bytes of them, that one connection may send. */
  readonly loginRequests: number
  readonly loginBytes: number
  /** While more than this waits in the socket, nothing is read from it. */
  readonly outboxMarkBytes: number
  /** Input that a channel may hold while nobody reads it: above the window that its client is given. */
  readonly channelBytes: number
  readonly channelsPerConnection: number
  /** Chats with a screen; those beyond are plain lines. */
  readonly terminals: number
  /** Different rooms that one channel may be in. */
  readonly roomsPerChannel: number
  /** A client of SFTP that asks for nothing for so long is hung up on. */
  readonly sftpIdleMs: number
  /** Files that one channel may have open. */
  readonly handles: number
  /** Public keys that are remembered for having come in with the host's token. */
  readonly knownKeys: number
}
