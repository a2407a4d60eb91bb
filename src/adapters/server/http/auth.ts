import { isUtf8 } from 'node:buffer'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Engine } from '#domain/engine/engine.ts'
import type { LocalSession } from '#domain/engine/session.ts'
import { rejected } from '#domain/errors.ts'
import { checkRoomName } from '#domain/names/room-name.ts'
import { subnetOf } from '#domain/names/subnet.ts'
import type { Permission } from '#domain/room/permissions.ts'
import { Refused } from '#domain/session.ts'
import type { IncomingConnection } from '../connection/incoming-connection.ts'
import { type KeyHolder, personOf } from '../connection/key-registry.ts'
import { type Cost, priceOf, priceOfItems } from '../connection/rate-limit.ts'
import type { ServedBytes } from '../files/download-slots.ts'
import type { Credentials, Grant } from '../security/access-control.ts'
import type { KeptDropLink } from '../security/room-secrets.ts'
import { archivesOf, type SignedLinkHolder } from '../security/signed-links.ts'
import { absent, accepted, HttpRefused } from './errors.ts'
import type { OpenFolders } from './files/open-folders.ts'
import type { RequestOrigin } from './forwarded.ts'
import { paramsOf } from './input.ts'
import type { Operation } from './operations.ts'
import type { RequestRates } from './request-rates.ts'
import type { HttpServerParts } from './settings.ts'
import type { StreamFormats } from './stream-formats.ts'

/**
 * The permission of a route. A permission of the domain: its table says which members of a room have it. `open`: for everybody, since
 * nothing secret is behind it, or each requester sees only their own. `known`: for requesters with the credentials of the host itself.
 * `machine`: for requests from this machine.
 */
export type RoutePermission = Permission | 'open' | 'known' | 'machine'

/** One row of the table of routes. */
export interface Route {
  /** HEAD belongs to each GET, unless it has a row of its own. */
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS'
  /** In fastify's notation: `/rooms/:room`. */
  readonly path: string
  readonly permission: RoutePermission
  /** In lines of the rate: paid with `Requester.payFixed` and `payItems`. */
  readonly price?: Cost
  /** The handling of its body: parsed, collected up to the limit of a message, or read by the handler piece by piece. */
  readonly body?: 'json' | 'bytes' | 'stream'
  /**
   * Whether a link replaces all credentials: a signed one for a file (`?ticket=`), from anybody or only from the file's sender; or the
   * drop link in the address.
   */
  readonly link?: 'any' | 'sender' | 'drop'
  /** HTTP Basic carries an IRC login instead of a name and the host's token: the request is from a member connected with it. */
  readonly isLogin?: true
  /** Whether clients of tus are answered in their own headers. */
  readonly tus?: true
  /** For `/openapi.json`; left out if another spelling of the same address has it. */
  readonly about?: Operation
  readonly handler: (exchange: Exchange) => unknown
}

/** The parts of the host that handlers use. */
export interface HttpContext extends HttpServerParts {
  readonly names: RequestNames
  readonly rates: RequestRates
  readonly served: ServedBytes
  readonly folders: OpenFolders
  readonly streamFormats: StreamFormats
  /** Aborted when the host stops, which ends long answers. */
  readonly closing: AbortSignal
  originOf(request: IncomingMessage): RequestOrigin
}

/** One request and its answer. */
export interface Exchange {
  readonly context: HttpContext
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly requester: Requester
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Left out for requests without a route. */
    readonly route?: Route
  }
}

/** The claims of a request: its own name and credentials, or those of a signed link. */
interface Claims extends SignedLinkHolder {
  /** It came with a link instead of credentials. */
  readonly byLink: boolean
}

/**
 * The sender of a request: its identity, its permissions, and its rate. A room that it may not enter looks as if it did not exist: the
 * same answer to the byte. Not a `ClientSession`: requests are no connections, have no membership, and pay by address. Both leave
 * credentials and revocation to `AccessControl`, bans and permissions to the room.
 */
export class Requester {
  readonly address: string
  readonly name: string | undefined
  /** The id of the member whose key is in the request. */
  readonly member: string | undefined
  /** The drop link of the request, with its text. */
  readonly drop: (KeptDropLink & { readonly text: string }) | undefined
  readonly #context: HttpContext
  readonly #request: FastifyRequest
  readonly #route: Route
  readonly #incoming: IncomingConnection
  readonly #claims: Claims
  /** Grants of the rooms that it may enter. */
  readonly #grants = new Map<string, Grant>()
  /** Rooms that its member is in at other hosts; undefined before they are asked. */
  #elsewhere: ReadonlySet<string> | undefined

  /** Throws `NOT_FOUND` if a signed link is not valid. */
  constructor(context: HttpContext, request: FastifyRequest, route: Route) {
    this.#context = context
    this.#request = request
    this.#route = route
    this.#incoming = context.originOf(request.raw).incoming
    this.drop = dropOf(context, request, route)
    this.#claims =
      this.drop === undefined
        ? (linkClaims(context, request, route) ?? (route.isLogin ? loginClaims : ownClaims)(request.headers, context))
        : dropClaims(request)
    this.address = this.#incoming.address
    this.name = this.#claims.name
    this.member = this.#claims.member
  }

  /** Throws if this requester may not use the route, before anything behind it is touched; `admit` checks rooms. */
  async admitToRoute(): Promise<void> {
    const { isLogin, permission } = this.#route
    if (
      isLogin &&
      !(await this.#context.accessControl.isRightLogin(this.credentials(), () => this.#here !== undefined))
    )
      throw absent(notOnIrc)
    if (permission === 'machine' && this.#incoming.loopback) return
    if (permission === 'known' && (await this.#context.accessControl.letsIn(this.credentials()))) return
    if (permission === 'machine' || permission === 'known') throw absent()
  }

  /** The room's own name for `room`, if this request may enter it. Otherwise throws as if it did not exist. */
  async admit(room: string): Promise<string> {
    const name = accepted(checkRoomName(room))
    if (this.sessionIn(name) === undefined) await this.findElsewhere()
    const grant = await this.#context.accessControl.see(this.credentials(name), name)
    if (grant === undefined) throw absent()
    this.#grants.set(name, grant)
    this.#incoming.known?.()
    return name
  }

  /** Pays the fixed part of the route's price, like `payLines`. */
  payFixed(room?: string): Promise<void> {
    return this.payLines(priceOf(this.#price), room)
  }

  /** Pays for this number of items in the answer, like `payLines`. */
  payItems(items: number, room?: string): Promise<void> {
    return this.payLines(priceOfItems(this.#price, items), room)
  }

  /**
   * Resolves when this number of lines is paid: by the member of `room` whose key is in the request, or else by its address. Throws if
   * its sender went away in the meantime: without an answer, it will be sent again.
   */
  async payLines(lines: number, room?: string): Promise<void> {
    const { keyRegistry, rates } = this.#context
    const { member } = this
    const key =
      member !== undefined && keyRegistry.isHere(member, room) ? `member ${member}` : subnetOf(this.#incoming.address)
    if (!(await rates.pay(key, this.#incoming, this.#request, lines)))
      throw new HttpRefused('TRANSFER_CUT', 'the sender went away')
  }

  get #price(): Cost {
    const { path, price } = this.#route
    if (price === undefined) throw new Error(`the table of routes has no price for ${path}`)
    return price
  }

  credentials(room?: string): Credentials {
    const { byLink, credential, invited, passwordId } = this.#claims
    const { address, member } = this
    const password = this.#request.headers['tamtam-password']
    const person = member === undefined ? {} : { person: member }
    if (this.drop !== undefined)
      return { connection: this.#request.raw.socket, address, dropLink: this.drop.id, ...person }
    return {
      connection: this.#request.raw.socket,
      address,
      inside: room !== undefined && this.isIn(room),
      ...(byLink
        ? {
            link: {
              ...(invited === undefined ? {} : { invited }),
              ...(passwordId === undefined ? {} : { passwordId }),
            },
          }
        : {}),
      ...(credential === undefined ? {} : { credential }),
      ...person,
      ...(typeof password === 'string' ? { password: decoded(password) } : {}),
      headers: this.#request.headers,
    }
  }

  /** The holder of a link that this request asks for, in a room that it may see. */
  linkHolder(room: string): SignedLinkHolder | undefined {
    const { accessControl } = this.#context
    return accessControl.linked(accessControl.holderOf(this.credentials(room), room), room)
  }

  get #here(): KeyHolder | undefined {
    return this.member === undefined ? undefined : this.#context.keyRegistry.lastHeard(this.member)
  }

  /** The room in which the request's member has spoken last. */
  get ircRoom(): string {
    const room = this.#here?.session?.room
    if (room === undefined) throw absent(notOnIrc)
    return room
  }

  /** The session of the member whose key is in the request, while in the room. */
  sessionIn(room: string): LocalSession | undefined {
    return this.member === undefined ? undefined : this.#context.keyRegistry.sessionOf(this.member, room)
  }

  /** Await it before `isIn`: asks the other hosts, once, about the member whose key is in the request. */
  async findElsewhere(): Promise<void> {
    if (this.member === undefined || this.#claims.byLink) return
    this.#elsewhere ??= new Set(await this.#context.engine.roomsElsewhere(this.member))
  }

  /** Whether the member whose key is in the request is in the room, at any host. */
  isIn(room: string): boolean {
    return this.sessionIn(room) !== undefined || this.#elsewhere?.has(room) === true
  }

  /**
   * The session of the member who is served by this request; undefined if nobody here is. A signed link names the member who asked for
   * it, and may have been given away: it counts if that member is present.
   */
  receiverIn(room: string): LocalSession | undefined {
    const session = this.sessionIn(room)
    return this.#claims.byLink && session?.subnet !== subnetOf(this.address) ? undefined : session
  }

  /**
   * Runs `act` in a room for the duration of a request: as the member whose key is in the request or, unannounced, under its address or
   * the name that it gives.
   */
  async inRoom<T>(room: string, act: (session: LocalSession) => Promise<T>): Promise<T> {
    const { engine, names } = this.#context
    const { address, name, member } = this
    const { byLink } = this.#claims
    const place = { room: await this.admit(room), address, hidden: true }
    if (this.isIn(place.room)) return await this.underWay(place.room, act)
    if (member !== undefined && !byLink) {
      // A ban is reported first.
      const visit = await engine.join({
        ...place,
        name: address,
        guest: true,
        person: this.#personIn(place.room) ?? member,
      })
      await visit.close()
      throw new Refused(notHere)
    }
    // A link outlives its holder's membership, and does not take their name while they use it elsewhere. A name given by the host's
    // `access` rule is certain, whoever else of that account is here.
    const isGiven = this.#grants.get(place.room)?.name !== undefined
    if (name === undefined || isGiven || (byLink && this.drop === undefined))
      return await this.underWay(place.room, act)
    const owner = `${this.drop === undefined ? 'http' : 'drop'} ${address} ${name}`
    names.use(owner)
    try {
      const session = await engine.join({ ...place, name, owner, ...(member === undefined ? {} : { person: member }) })
      // A requester with only a link must not pass for an absent operator.
      const isAllowed = this.drop === undefined || !session.isCalledLikeOperator
      const outcome = isAllowed ? this.#supervised(session, act) : Promise.reject(new Refused(operatorsName))
      return await outcome.finally(() => session.close())
    } finally {
      names.release(owner)
    }
  }

  /**
   * The same for uploads, which take their time and need no name: as the member whose key is in the request, if present, or else
   * anonymously.
   */
  async underWay<T>(room: string, act: (session: LocalSession) => Promise<T>): Promise<T> {
    const { address, name = address, member } = this
    const own = this.sessionIn(room)
    const role = this.#context.accessControl.roleOf(member)
    const called = this.#grants.get(room)?.name ?? name
    const person = this.#personIn(room) ?? member
    const session = await this.#context.engine.join({
      ...{ room, address, hidden: true, name: own?.member.name ?? called, guest: true },
      ...(member === undefined ? {} : { reads: member }),
      ...(person === undefined ? {} : { person }),
      // A connection of its own, since the present one may end first.
      ...(member !== undefined && this.isIn(room) ? { member } : {}),
      ...(role === undefined ? {} : { role }),
    })
    // They have left the other host in the meantime.
    if (own === undefined && member === session.id && !session.lists(session.id)) {
      await session.close()
      throw new Refused(notHere)
    }
    return await this.#supervised(session, act).finally(() => session.close())
  }

  #personIn(room: string): string | undefined {
    return this.#grants.get(room)?.person
  }

  /** Ends the request when the room kicks its member, or the access it began with ends (C124). */
  async #supervised<T>(session: LocalSession, act: (session: LocalSession) => Promise<T>): Promise<T> {
    const { permission } = this.#route
    const why = isOfRooms(permission) ? session.refusalTo(permission) : noPermission
    if (why !== undefined) throw new Refused(why)
    const cut = () => this.#request.raw.socket.destroy()
    const unwatch = this.#context.accessControl.watch(this.credentials(session.room), session.room, cut)
    const watch = session.state$.subscribe(({ status }) => {
      if (status === 'closed' && session.kicked !== undefined) cut()
    })
    try {
      return await act(session)
    } finally {
      watch.unsubscribe()
      unwatch()
    }
  }
}

/** The names of running requests: one address may use its name in several at once, and frees it with the last. */
export class RequestNames {
  readonly #engine: Engine
  readonly #uses = new Map<string, number>()

  constructor(engine: Engine) {
    this.#engine = engine
  }

  use(owner: string): void {
    this.#uses.set(owner, (this.#uses.get(owner) ?? 0) + 1)
  }

  release(owner: string): void {
    const left = (this.#uses.get(owner) ?? 1) - 1
    if (left > 0) {
      this.#uses.set(owner, left)
      return
    }
    this.#uses.delete(owner)
    this.#engine.forget(owner)
  }
}

const isOfRooms = (permission: RoutePermission): permission is Permission =>
  permission !== 'open' && permission !== 'known' && permission !== 'machine'

/** A route that concerns a room has a permission of rooms in the table. */
const noPermission = rejected('NOT_ALLOWED', 'permission denied: this address has no permission in the table of routes')
/** For a member who is about to reconnect: nobody else may act with that key in the meantime. */
const notHere = rejected('NOT_A_MEMBER', 'the member with this key is not in the room just now; ask again in a moment')

const notOnIrc =
  'nobody with this login is in a room over IRC just now; log in there with SASL, join a room, and send the file again'
const operatorsName = rejected('NAME_TAKEN', 'a moderator has that name, or one that looks like it; choose another')

function dropOf({ accessControl }: HttpContext, request: FastifyRequest, { link }: Route): Requester['drop'] {
  if (link !== 'drop') return undefined
  const { link: text } = paramsOf(request)
  const found = accessControl.dropLink(text)
  if (found === undefined) throw absent()
  return { ...found, text }
}

/** `?name=`, or the user of HTTP Basic: names of people contain blanks, nicks do not. */
function dropClaims(request: FastifyRequest): Claims {
  const { name: asked } = request.query as { readonly name?: unknown }
  const { name: basic, member } = ownClaims(request.headers)
  const name = (typeof asked === 'string' ? asked : (basic ?? '')).trim().replace(/\s+/g, '_')
  return { byLink: true, ...(name === '' ? {} : { name }), ...(member === undefined ? {} : { member }) }
}

function linkClaims({ signedLinks }: HttpContext, request: FastifyRequest, { link }: Route): Claims | undefined {
  const { ticket } = request.query as { readonly ticket?: string | readonly string[] }
  if (ticket === undefined || link === undefined || link === 'drop') return undefined
  const { id, room } = paramsOf(request)
  const holder = typeof ticket === 'string' ? signedLinks.holderOf(ticket, id || archivesOf(room)) : undefined
  const { name } = basicClaims(request.headers.authorization ?? '')
  const isAnothers = name !== undefined && holder?.name !== undefined && name !== holder.name
  if (holder === undefined || (link === 'sender' && (holder.sends !== true || isAnothers))) throw absent()
  return { ...holder, byLink: true }
}

function ownClaims({ authorization = '', 'tamtam-key': key }: IncomingHttpHeaders): Claims {
  const { name, credential = /^Bearer +(\S+) *$/i.exec(authorization)?.[1] } = basicClaims(authorization)
  return {
    byLink: false,
    ...(credential === undefined ? {} : { credential }),
    ...(name === undefined ? {} : { name }),
    ...(typeof key === 'string' ? { member: personOf(key) } : {}),
  }
}

/** A connection logged in this way has shown the host's token, too. */
function loginClaims({ authorization = '' }: IncomingHttpHeaders, { keyRegistry, persons }: HttpContext): Claims {
  const { name = '', credential: word = '' } = basicClaims(authorization)
  const member = personOf(persons.keyOf('irc', name, word))
  const credential = keyRegistry.lastHeard(member)?.credential
  return { byLink: false, member, ...(credential === undefined ? {} : { credential }) }
}

/** HTTP Basic: the user is a name, the password the credential for the host; either may be empty. */
function basicClaims(authorization: string): Pick<SignedLinkHolder, 'name' | 'credential'> {
  const [, encoded] = /^Basic +(\S+) *$/i.exec(authorization) ?? []
  if (encoded === undefined) return {}
  const [, name = '', credential = ''] = /^([^:]*):?(.*)$/s.exec(Buffer.from(encoded, 'base64').toString()) ?? []
  return { ...(name === '' ? {} : { name }), ...(credential === '' ? {} : { credential }) }
}

/** Percent-encoded, or plain: Node decodes headers as Latin 1, and people type UTF-8. */
function decoded(text: string): string {
  const bytes = Buffer.from(text, 'latin1')
  try {
    return decodeURIComponent(isUtf8(bytes) ? bytes.toString() : text)
  } catch {
    return text
  }
}
