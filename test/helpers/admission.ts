import { Admission } from '../../src/adapters/doors/shared/access/admission.ts'
import { OwnerKey } from '../../src/adapters/doors/shared/access/owner-key.ts'
import { RoomKeys } from '../../src/adapters/doors/shared/access/room-keys.ts'
import { MemoryKeyring } from '../../src/adapters/stores/memory/memory-keyring.ts'
import { MemoryMetrics } from '../../src/adapters/system/memory-metrics.ts'
import { httpDefaults, roomKeyDefaults } from '../../src/app/defaults.ts'
import { type Access, openToAll } from '../../src/domain/engine/access.ts'
import type { Clock } from '../../src/domain/ports/clock.ts'

/** Lets people in as a host does, with keys in memory. */
export function admissionFor(clock: Clock, access: Access = openToAll): Admission {
  const keyring = new MemoryKeyring()
  const owner = new OwnerKey(keyring)
  const keys = new RoomKeys(keyring, clock, roomKeyDefaults)
  return new Admission({ access, owner, keys, clock, metrics: new MemoryMetrics(), settings: httpDefaults })
}
