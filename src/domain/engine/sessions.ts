/** The sessions in a room. They are found by the owner of their nick too, so that freeing a nick does not look at every session. */
export class Sessions<Session extends { readonly owner: string }> implements Iterable<Session> {
  readonly #all = new Set<Session>()
  readonly #byOwner = new Map<string, Set<Session>>()

  add(session: Session): void {
    this.#all.add(session)
    const own = this.#byOwner.get(session.owner)
    if (own === undefined) this.#byOwner.set(session.owner, new Set([session]))
    else own.add(session)
  }

  delete(session: Session): void {
    this.#all.delete(session)
    const own = this.#byOwner.get(session.owner)
    own?.delete(session)
    if (own?.size === 0) this.#byOwner.delete(session.owner)
  }

  /** The sessions of one owner. */
  of(owner: string): Iterable<Session> {
    return this.#byOwner.get(owner) ?? []
  }

  [Symbol.iterator](): Iterator<Session> {
    return this.#all.values()
  }
}
