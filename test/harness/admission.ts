import { httpDefaults, roomSecretDefaults } from '#app/defaults.ts'
import { type Access, openToAll } from '#domain/engine/access.ts'
import type { Clock } from '#domain/ports/system.ts'
import { AccessControl } from '#server/security/access-control.ts'
import { OwnerKey } from '#server/security/host-token.ts'
import { RoomSecrets } from '#server/security/room-secrets.ts'
import { SignedLinks } from '#server/security/signed-links.ts'
import { MemorySecretStore } from '#storage/memory/secret-store.ts'
import { MemoryMetrics } from '#system/metrics.ts'

/** Lets people in as a host does, with keys in memory. */
export function admissionFor(clock: Clock, access: Access = openToAll): AccessControl {
  const secretStore = new MemorySecretStore()
  const owner = new OwnerKey(secretStore)
  const roomSecrets = new RoomSecrets(secretStore, clock, roomSecretDefaults)
  return new AccessControl({
    access,
    owner,
    roomSecrets,
    clock,
    metrics: new MemoryMetrics(),
    signedLinks: new SignedLinks(secretStore, clock, 1000),
    settings: httpDefaults,
  })
}
