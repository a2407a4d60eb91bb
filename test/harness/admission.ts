import { httpDefaults, roomKeyDefaults } from '#app/defaults.ts'
import { type Access, openToAll } from '#domain/engine/access.ts'
import type { Clock } from '#domain/ports/clock.ts'
import { Admission } from '#server/security/access-control.ts'
import { OwnerKey } from '#server/security/owner-key.ts'
import { RoomKeys } from '#server/security/room-secrets.ts'
import { MemoryKeyring } from '#storage/memory/secret-store.ts'
import { MemoryMetrics } from '#system/memory-metrics.ts'

/** Lets people in as a host does, with keys in memory. */
export function admissionFor(clock: Clock, access: Access = openToAll): Admission {
  const keyring = new MemoryKeyring()
  const owner = new OwnerKey(keyring)
  const keys = new RoomKeys(keyring, clock, roomKeyDefaults)
  return new Admission({ access, owner, keys, clock, metrics: new MemoryMetrics(), settings: httpDefaults })
}
