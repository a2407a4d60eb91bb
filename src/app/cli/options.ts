import type { Access } from '#domain/engine/access.ts'
import type { EngineLimits, Ports } from '#domain/engine/limits.ts'
import type { SecretStore } from '#domain/ports/secret-store.ts'
import type { HttpSettings } from '#server/http/settings.ts'
import type { LineSettings } from '#server/line/settings.ts'
import type { SessionServerSettings } from '#server/session/settings.ts'

export interface TamtamOptions {
  /** Where history and files are kept, a directory for this host alone. Without it they are kept in memory. */
  readonly data?: string
  readonly limits?: Partial<EngineLimits>
  /** `data` is on a disk that other machines could write as well, and none does. */
  readonly sharedDisk?: boolean
  /** Bytes; the defaults are 4 GiB, 20 GiB, and the greater of 64 MiB and 1 % of the disk. */
  readonly maxFileBytes?: number
  readonly maxSpoolBytes?: number
  readonly freeSpaceFloorBytes?: number
  readonly line?: Partial<LineSettings>
  readonly http?: Partial<Omit<HttpSettings, 'maxTextBytes'>>
  /** Frames and WebSockets. */
  readonly session?: Partial<Omit<SessionServerSettings, 'program'>>
  /** Who may enter which room, at every door; without it, whoever reaches the port. `recheckAccess` makes it hold for who is in. */
  readonly access?: Access
  /** Serves the web page at `/`, as `tamtam host` does. */
  readonly page?: boolean
  /** Whoever comes in shows the host's token as well: kept beside the data, made where there is none. `tamtam.token` tells it. */
  readonly token?: boolean
  /** Adapters of your own in place of ours. */
  readonly overrides?: Partial<Ports & { readonly secretStore: SecretStore }>
  /** Hears once when a store failed for good. The host acknowledges nothing from then on and should be stopped. */
  readonly onBroken?: (error: unknown) => void
}
