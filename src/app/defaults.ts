import type { BundleLimits } from '#bundle/manifest.ts'
import type { ClientSettings, SessionSettings } from '#client/settings.ts'
import type { EngineLimits } from '#domain/engine/limits.ts'
import type { HttpSettings } from '#server/http/settings.ts'
import type { LineSettings } from '#server/line/settings.ts'
import type { ListenerSettings } from '#server/listener/listener.ts'
import type { RoomSecretSettings } from '#server/security/room-secrets.ts'
import type { SessionServerSettings } from '#server/session/settings.ts'
import type { SshSettings } from '#server/ssh/settings.ts'
import type { IdentitySettings } from '#system/tls/identity.ts'

/** Every limit and timeout of tamtam, with its unit in its name. */

/** A client that sends no more than this in minutes only occupies a place (C34). */
const progressBytes = 16 * 1024

export const engineDefaults: EngineLimits = {
  // A line of 4 KiB is four times as long if each byte is shown as `\xff`.
  maxTextBytes: 16_384,
  receiptsPerFile: 1000,
  mailboxCommands: 16_384,
  mailboxChars: 4_000_000,
  // The decisions of one commit are one step, and everything else waits for it (C82).
  commitCommands: 1024,
  commitChars: Number.POSITIVE_INFINITY,
  uploadsPerHost: 64,
  transferIdleMs: 60_000,
  transferKeptMs: 24 * 3_600_000,
  transferEmptyMs: 120_000,
  transferProgressBytes: progressBytes,
  unfinishedPerHost: 512,
  transferBytesPerSecond: 0,
  hostBytesPerSecond: 0,
  maxFileBytes: 0,
  hostQuotaBytes: 50e9,
  roomQuotaBytes: 20e9,
  filesPerHost: 10_000,
  fileDays: 30,
  rooms: 1000,
  keptRooms: 10_000,
  foundChars: 1_000_000,
  pageEntries: 512,
  historyEntries: 100_000,
  readerEntries: 10_000_000,
}

/** For a cluster: what `tamtam host --cluster` leaves open. A batch of this many characters fits into a message of 1 MB. */
export const clusterDefaults = {
  name: 'tamtam',
  shards: 4,
  replicas: 3,
  commitChars: 200_000,
  answerMs: 10_000,
  drainMs: 5000,
}

/** In memory, a reader that stalls beyond the room's history misses lines, and is told so. */
export const memoryReaderEntries = 0

export const bundleDefaults: BundleLimits = {
  manifestBytes: 16 * 1024 ** 2,
  // A text with each byte escaped in JSON, and the fields around it.
  lineBytes: 128 * 1024,
  entries: 1_000_000,
  fillBytes: 1024 ** 2,
}

/** A host without a disk keeps files in this share of its memory at most. */
export const memoryFileShare = 0.5

/** The host's name for IRC clients. */
export const ircDefaults = { name: 'tamtam.irc' }

export const lineDefaults: LineSettings = {
  language: 'en',
  room: 'lobby',
  files: 'auto',
  inlineMaxBytes: 100_000_000,
  maxLineBytes: 4096,
  // A person has to find and paste the token.
  handshakeMs: 60_000,
  linesPerSecond: 50,
  linesBurst: 500,
  rateOnLoopback: false,
  outboxMarkBytes: 256 * 1024,
  bodyMarkBytes: 1024 * 1024,
  uploadStallMs: 30_000,
  uploadWindowMs: 600_000,
  uploadLeastBytes: progressBytes,
  apartMs: 200,
  halfCloseMs: 60_000,
  fileHalfCloseMs: 500,
  historyLines: 20,
  maxHistoryLines: 500,
  roomsPerConnection: 20,
}

/** The engine limits the size of a message. */
export const httpDefaults: Omit<HttpSettings, 'maxTextBytes'> = {
  hostNames: [],
  basePath: '',
  room: lineDefaults.room,
  headBytes: 8192,
  headers: 64,
  headMs: 10_000,
  bodyStallMs: 30_000,
  bodyWindowMs: 120_000,
  bodyLeastBytes: progressBytes,
  idleMs: 60_000,
  lingerMs: 2000,
  pipelined: 64,
  guessesPerMinuteAndAddress: 10,
  guessesPerMinute: 100,
  // Less than our clients wait for an answer.
  guessWaitMs: 8000,
  guessesPerConnection: 3,
  guessFloorMs: 250,
  messageBytes: 64 * 1024,
  checkedBytes: 4 * 1024 ** 2,
  downloads: 256,
  linesPerSecond: lineDefaults.linesPerSecond,
  linesBurst: lineDefaults.linesBurst,
  rateOnLoopback: false,
  pageEntries: 100,
  maxPageEntries: 500,
  outboxMarkBytes: 256 * 1024,
  heartbeatMs: 15_000,
}

export const roomSecretDefaults: RoomSecretSettings = {
  inviteMs: 24 * 3_600_000,
  invitedMs: 30 * 24 * 3_600_000,
  invitationsPerRoom: 2000,
  dropLinkMs: 7 * 86_400_000,
  mostDropLinkMs: 366 * 86_400_000,
  dropLinksPerRoom: 100,
  basePath: '',
}

/** A link opens a file for this long: a browser may continue a download of the day before. */
export const linkMs = 24 * 3_600_000

/** `compose` supplies the program's name. */
export const sessionServerDefaults: Omit<SessionServerSettings, 'program'> = {
  handshakeMs: 10_000,
  frameMs: 10_000,
  messagesPerSecond: lineDefaults.linesPerSecond,
  messagesBurst: lineDefaults.linesBurst,
  rateOnLoopback: false,
  unanswered: 1024,
  outboxMarkBytes: 256 * 1024,
  roomsPerConnection: 20,
  connectionsPerMember: 16,
  listedMembers: 1000,
  fragments: 64,
  bufferedChunks: 256,
  pingsPerSecond: 5,
  pingsBurst: 20,
}

export const sshDefaults: SshSettings = {
  // Somebody may have to find the token first.
  loginMs: 60_000,
  loginRequests: 20,
  loginBytes: 64 * 1024,
  outboxMarkBytes: 256 * 1024,
  // The library's window is 2 MiB.
  channelBytes: 3 * 1024 ** 2,
  channelsPerConnection: 10,
  terminals: 100,
  roomsPerChannel: 4,
  sftpIdleMs: 600_000,
  handles: 64,
  knownKeys: 10_000,
}

/** With a larger share of the heap in use, a host admits nobody new (C81). */
export const shortHeapShare = 0.8

export const listenerDefaults: ListenerSettings = {
  host: '127.0.0.1',
  port: 8268,
  connections: 10_000,
  // A class behind one address, with a page each.
  connectionsPerAddress: 256,
  unauthenticated: 2500,
  unauthenticatedOnLoopback: false,
  // Clients of HTTP, TLS and frames speak first, in the packet after the TCP handshake, so only a client that opens connections ahead of
  // its need is kept waiting (C36). A person at netcat waits for the greeting, and does not notice a quarter of a second.
  silentMs: 200,
  handshakeMs: 10_000,
  trustProxy: [],
  keepAliveMs: 60_000,
  deadMs: 600_000,
  farewellMs: 4000,
}

export const identityDefaults: IdentitySettings = {
  // Some browsers refuse certificates that are valid for more than 825 days.
  certificateDays: 800,
  renewDays: 60,
}

export const clientDefaults: ClientSettings = {
  idleMs: 15_000,
  silentEventsMs: 45_000,
  firstRetryMs: 250,
  mostRetryMs: 10_000,
  readBytes: 1024 * 1024,
  // The amount that a host checks at once (`checkedBytes`).
  pieceBytes: 4 * 1024 ** 2,
  pieceMs: 1000,
}

export const sessionDefaults: SessionSettings = {
  firstRetryMs: clientDefaults.firstRetryMs,
  mostRetryMs: clientDefaults.mostRetryMs,
  silentMs: 30_000,
  answerMs: 10_000,
  leaveMs: 2000,
  unansweredCommands: 4096,
  unansweredBytes: 1024 ** 2,
}
