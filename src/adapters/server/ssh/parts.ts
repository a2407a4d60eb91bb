import type { UploadHolder } from '#domain/engine/upload-places.ts'
import { subnetOf } from '#domain/names/subnet.ts'
import type { Ids } from '#domain/ports/system.ts'
import type { Translator } from '#i18n/translator.ts'
import type { ClientSessionParts } from '../connection/client-session.ts'
import type { EventFormat } from '../connection/event-format.ts'
import type { IncomingConnection } from '../connection/incoming-connection.ts'
import { type KeyRegistry, personOf } from '../connection/key-registry.ts'
import type { ClientSessionSettings } from '../connection/settings.ts'
import type { DownloadSlots } from '../files/download-slots.ts'
import type { LineSettings } from '../line/settings.ts'
import type { SignedLinks } from '../security/signed-links.ts'
import type { SshChannel } from './channel.ts'
import type { SshHostKey } from './host-key.ts'
import type { KnownKeys } from './known-keys.ts'
import type { Identity } from './login.ts'
import type { SshSettings } from './settings.ts'
import type { OpenScreen } from './shell/screen.ts'

/** What runs on the channels of this server needs these. */
export interface SshParts extends ClientSessionParts {
  readonly keys: KeyRegistry
  readonly client: ClientSessionSettings
  readonly ids: Ids
  readonly ssh: SshSettings
  /** For the commands of the table. */
  readonly line: LineSettings
  readonly signedLinks: SignedLinks
  readonly downloads: DownloadSlots
  /** The path below which the host's addresses are; empty for none. */
  readonly basePath: string
  readonly openScreen: OpenScreen
}

/** A channel as a connection of its own: it has a member, or several. */
export type IncomingChannel = IncomingConnection & { readonly connection: SshChannel }

/** What every run on a channel has. */
export interface RunParts {
  readonly incoming: IncomingChannel
  readonly identity: Identity
  /** Of a person without a key. */
  readonly id: string
  readonly parts: SshParts
  readonly texts: Texts
}

/** For the places of downloads. */
export const holderOf = ({ incoming, identity, id }: RunParts): UploadHolder => ({
  address: subnetOf(incoming.address),
  person: identity.key === undefined ? id : personOf(identity.key),
})

/** The owner of what is uploaded, as in `createTransfer`: the same as over HTTP. */
export const uploaderOf = ({ incoming, identity: { key, nick }, parts }: RunParts): string | undefined =>
  key === undefined ? parts.signedLinks.uploaderOf(nick, incoming.address) : undefined

export interface SshServerParts extends SshParts {
  readonly hostKey: SshHostKey
  readonly knownKeys: KnownKeys
}

/** The texts of one language: sentences, and events as lines. */
export interface Texts {
  readonly words: Translator
  readonly lines: EventFormat
  readonly json: EventFormat
}
