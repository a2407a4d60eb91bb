/** What was decoded is none of the messages. Says nothing of what it holds. */
export class BadMessage extends Error {
  readonly code = 'BAD_MESSAGE'
}

/**
 * One map of a message, whose fields are read one by one onto a fresh object: nothing of the map itself goes further, whatever else
 * it holds (C104). Throws `BadMessage` where a field is not what it must be (C105).
 */
export class Fields {
  readonly #map: object
  #read = 0

  constructor(value: unknown) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || ArrayBuffer.isView(value))
      throw new BadMessage('a map must stand here')
    this.#map = value
  }

  has(key: string): boolean {
    return Object.hasOwn(this.#map, key)
  }

  isText(key: string): boolean {
    return typeof Object.getOwnPropertyDescriptor(this.#map, key)?.value === 'string'
  }

  text(key: string): string {
    const value = this.#take(key)
    if (typeof value !== 'string') throw new BadMessage(`${key} must be a text`)
    return value
  }

  /** A text in which `shape` finds something. */
  shaped(key: string, shape: RegExp): string {
    const value = this.text(key)
    if (!shape.test(value)) throw new BadMessage(`${key} is not written as it must be`)
    return value
  }

  /** A whole number, 0 or more. */
  count(key: string): number {
    const value = this.#take(key)
    if (!Number.isSafeInteger(value) || Object.is(value, -0) || (value as number) < 0)
      throw new BadMessage(`${key} must be a whole number`)
    return value as number
  }

  flag(key: string): boolean {
    const value = this.#take(key)
    if (typeof value !== 'boolean') throw new BadMessage(`${key} must be true or false`)
    return value
  }

  fields(key: string): Fields {
    return new Fields(this.#take(key))
  }

  list(key: string): readonly unknown[] {
    const value = this.#take(key)
    if (!Array.isArray(value)) throw new BadMessage(`${key} must be a list`)
    return value
  }

  /** Refuses what was not read. */
  end(): void {
    if (Object.keys(this.#map).length !== this.#read) throw new BadMessage('a key stands here that is not known')
  }

  #take(key: string): unknown {
    const value: unknown = Object.getOwnPropertyDescriptor(this.#map, key)?.value
    if (value === undefined) throw new BadMessage(`${key} is missing`)
    this.#read++
    return value
  }
}
