import { type Rejected, rejected } from '../errors.ts'
import { checkNick } from '../names/nick.ts'

/** Which nicks are taken on this host, by look: two that a person could confuse are one (C63). */
export class NickRegistry {
  readonly #owners = new Map<string, string>()

  /** Takes the nick for `owner`, who may already have it in another spelling. Answers the name as it will be shown. */
  claim(raw: string, owner: string): string | Rejected {
    const nick = checkNick(raw)
    if ('type' in nick) return nick
    const holder = this.#owners.get(nick.skeleton)
    if (holder !== undefined && holder !== owner)
      return rejected('NAME_TAKEN', 'somebody here has that name, or one that looks like it; choose another')
    this.#owners.set(nick.skeleton, owner)
    return nick.name
  }

  /** Frees every nick of `owner` but `keep`. */
  release(owner: string, keep?: string): void {
    const nick = keep === undefined ? undefined : checkNick(keep)
    const kept = nick !== undefined && !('type' in nick) ? nick.skeleton : undefined
    for (const [skeleton, holder] of this.#owners)
      if (holder === owner && skeleton !== kept) this.#owners.delete(skeleton)
  }
}
