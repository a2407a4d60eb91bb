import type { KeyName, SharedSecretStore } from '#domain/ports/secret-store.ts'

/** The secrets of several hosts in one process. */
export class SharedSecrets {
  readonly named = new Map<KeyName, string>()
  readonly rooms = new Map<string, string>()
  readonly followers = new Set<(room: string, kept: string) => void>()
}

/** One host's view of them. */
export class MemorySharedSecretStore implements SharedSecretStore {
  readonly #shared: SharedSecrets

  constructor(shared: SharedSecrets) {
    this.#shared = shared
  }

  async read(name: KeyName): Promise<string | undefined> {
    return this.#shared.named.get(name)
  }

  async write(name: KeyName, secret: string): Promise<void> {
    this.#shared.named.set(name, secret)
  }

  async claim(name: KeyName, secret: string): Promise<string> {
    const kept = this.#shared.named.get(name) ?? secret
    this.#shared.named.set(name, kept)
    return kept
  }

  async changeRoom(
    room: string,
    change: (kept: string | undefined) => string | undefined,
  ): Promise<string | undefined> {
    const { rooms, followers } = this.#shared
    for (;;) {
      const before = rooms.get(room)
      const next = change(before)
      // Others may come first until here.
      await undefined
      if (rooms.get(room) !== before) continue
      if (next === undefined) return before
      rooms.set(room, next)
      for (const changed of followers) queueMicrotask(() => changed(room, next))
      return next
    }
  }

  async readRoom(room: string): Promise<string | undefined> {
    return this.#shared.rooms.get(room)
  }

  async followRooms(changed: (room: string, kept: string) => void): Promise<void> {
    for (const [room, kept] of this.#shared.rooms) changed(room, kept)
    this.#shared.followers.add(changed)
  }
}
