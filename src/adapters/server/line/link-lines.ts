import type { Encoder } from '#domain/room/batch.ts'
import type { LinkOf } from '../connection/wording.ts'
import type { AccessControl } from '../security/access-control.ts'
import type { SignedLinkHolder, SignedLinks } from '../security/signed-links.ts'
import { fileUrl } from '../security/signed-links.ts'
import { type Lines, linkLines } from './render.ts'

/** More ways to reach one host than this are not remembered; those beyond share their lines with nobody. */
const KEPT = 64

/** How files are told to somebody: where a link leads, and whole batches of lines. */
export interface Links {
  /** In a room; undefined where they came over a connection without an address. */
  readonly linkOf: (room: string) => LinkOf | undefined
  readonly encoder: Encoder<Lines>
}

/** How batches are encoded for those who get links: once for all who reached the host at one address, and showed the same to come in. */
export class LinkLines {
  readonly #signedLinks: SignedLinks
  readonly #accessControl: Pick<AccessControl, 'linked'>
  readonly #known = new Map<string, Links>()

  constructor(signedLinks: SignedLinks, accessControl: Pick<AccessControl, 'linked'>) {
    this.#signedLinks = signedLinks
    this.#accessControl = accessControl
  }

  /** `base` as in `http://192.168.1.5:8268`. A link shows nothing by itself: where something must be shown, it has a ticket. */
  for(base: string | undefined, holder: SignedLinkHolder | undefined): Links {
    const key = JSON.stringify([base, holder])
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const linkOf = (room: string) => (base === undefined ? undefined : this.#linkOf(base, holder, room))
    const links: Links = { linkOf, encoder: (batch) => linkLines(batch, linkOf(batch.room)) }
    if (this.#known.size < KEPT) this.#known.set(key, links)
    return links
  }

  #linkOf(base: string, known: SignedLinkHolder | undefined, room: string): LinkOf {
    const holder = this.#accessControl.linked(known, room)
    if (holder === undefined) return (file) => `${base}${fileUrl(file)}`
    // Not `SEND`, for readers in band (`guardSend`).
    const ticket = (id: string) => this.#signedLinks.issue(id, holder).text.replaceAll('SEND', '%53END')
    return (file) => `${base}${fileUrl(file)}?ticket=${ticket(file.id)}`
  }
}
