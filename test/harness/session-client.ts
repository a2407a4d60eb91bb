import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { WebSocket } from 'ws'
import type { ClientCommand } from '#domain/room/commands.ts'
import { type Entry, isEntry, type RoomEvent } from '#domain/room/events.ts'
import { FRAMES_MAGIC, FrameSplitter, joinFrame } from '#protocol/frames.ts'
import {
  type ClientMessage,
  decodeHostMessage,
  encodeMessage,
  type HostMessage,
  hostMessageLimits,
  SUBPROTOCOL,
} from '#protocol/messages.ts'
import { News } from './news.ts'
import { PATIENCE_MS } from './patience.ts'

type Message<Type extends HostMessage['type']> = Extract<HostMessage, { type: Type }>

/** One way to carry messages, raw. */
export interface Wire {
  readonly socket: Socket
  send(message: Uint8Array): unknown
}

export type WireName = 'frames' | 'websocket'

export interface SessionClientOptions {
  /** The address to come from; 127.0.0.x are all at hand on Linux. */
  readonly from?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** The key of somebody in a test. */
export const keyOf = (name: string): string => createHash('md5').update(name).digest('hex')

/** Somebody who speaks the Session protocol, message by message, and keeps all that comes. */
export class SessionClient {
  readonly messages: HostMessage[] = []
  readonly wire: Wire
  over: 'open' | 'ended' | 'reset' = 'open'
  /** Of a WebSocket. */
  closeCode: number | undefined
  readonly #news = new News()
  #ref = 0

  constructor(wire: Wire) {
    this.wire = wire
    wire.socket.on('error', () => {
      this.over = 'reset'
    })
  }

  static async connect(port: number, by: WireName, options: SessionClientOptions = {}): Promise<SessionClient> {
    return by === 'frames' ? await SessionClient.#frames(port, options) : await SessionClient.#webSocket(port, options)
  }

  /** Says hello and joins; `key` is made of the name. */
  static async join(port: number, by: WireName, name: string, room = 'lobby', after?: number): Promise<SessionClient> {
    const client = await SessionClient.connect(port, by)
    client.send({ type: 'hello', version: 1, key: keyOf(name), name })
    await client.enter(room, after)
    return client
  }

  static async #frames(port: number, { from }: SessionClientOptions): Promise<SessionClient> {
    const local = from === undefined ? {} : { localAddress: from }
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, ...local })
    await once(socket, 'connect')
    socket.write(FRAMES_MAGIC)
    const client = new SessionClient({ socket, send: (message) => socket.write(joinFrame(message)) })
    for (const end of ['end', 'close']) socket.on(end, () => client.end())
    const splitter = new FrameSplitter(hostMessageLimits.bytes)
    socket.on('data', (chunk: Buffer) => {
      for (const message of splitter.push(chunk)) client.take(message)
      if (splitter.fault !== undefined) throw new Error(splitter.fault.message)
    })
    return client
  }

  static async #webSocket(port: number, { from, headers = {} }: SessionClientOptions): Promise<SessionClient> {
    const local = from === undefined ? {} : { localAddress: from }
    const options = { headers, perMessageDeflate: true, maxPayload: hostMessageLimits.bytes, ...local }
    const webSocket = new WebSocket(`ws://127.0.0.1:${port}/ws`, SUBPROTOCOL, options)
    // What comes with the answer to the request is a message already.
    const early: Buffer[] = []
    let take = (message: Buffer): void => {
      early.push(message)
    }
    webSocket.on('message', (message: Buffer) => take(message))
    let socket: Socket | undefined
    webSocket.on('upgrade', (answer) => {
      socket = answer.socket
    })
    await once(webSocket, 'open')
    if (socket === undefined) throw new Error('a WebSocket has a socket')
    const client = new SessionClient({ socket, send: (message) => webSocket.send(message) })
    webSocket.on('error', () => {})
    webSocket.on('close', (code) => {
      client.closeCode = code
      client.end()
    })
    take = (message) => client.take(message)
    for (const message of early) client.take(message)
    return client
  }

  get events(): readonly RoomEvent[] {
    return this.messages.flatMap((message) => (message.type === 'batch' ? message.events : []))
  }

  get entries(): readonly Entry[] {
    return this.events.filter(isEntry)
  }

  get texts(): readonly string[] {
    return this.events.flatMap((event) => ('text' in event ? [event.text] : []))
  }

  of<Type extends HostMessage['type']>(type: Type): readonly Message<Type>[] {
    return this.messages.filter((message): message is Message<Type> => message.type === type)
  }

  send(message: ClientMessage): this {
    this.wire.send(encodeMessage(message))
    return this
  }

  async enter(room: string, after?: number): Promise<Message<'joined'>> {
    const before = this.of('joined').length
    this.send({ type: 'join', room, ...(after === undefined ? {} : { after }) })
    await this.until(() => this.of('joined').length > before)
    return this.of('joined').at(-1) as Message<'joined'>
  }

  /** Asks for something, and answers the answer. */
  async ask(command: ClientCommand): Promise<Message<'ack'> | Message<'rejected'>> {
    const ref = ++this.#ref
    this.send({ type: 'command', ref, command })
    const answer = (): Message<'ack'> | Message<'rejected'> | undefined =>
      [...this.of('ack'), ...this.of('rejected')].find((each) => each.ref === ref)
    await this.until(() => answer() !== undefined)
    return answer() as Message<'ack'>
  }

  say(text: string, id?: string): Promise<Message<'ack'> | Message<'rejected'>> {
    return this.ask({ type: 'say', text, ...(id === undefined ? {} : { id }) })
  }

  /** What was said to this client before is here once this is. */
  async settled(): Promise<void> {
    const ref = 1_000_000 + ++this.#ref
    this.send({ type: 'ping', ref })
    await this.until(() => this.of('pong').some((pong) => pong.ref === ref))
  }

  async until(wanted: () => boolean, deadlineMs = PATIENCE_MS): Promise<void> {
    await this.#wait(wanted, () => this.over !== 'open', deadlineMs)
  }

  /** Waits until the host has closed its side. */
  async closed(deadlineMs = PATIENCE_MS): Promise<void> {
    await this.#wait(
      () => this.over !== 'open',
      () => false,
      deadlineMs,
    )
  }

  pause(): this {
    this.wire.socket.pause()
    return this
  }

  resume(): this {
    this.wire.socket.resume()
    return this
  }

  /** Breaks off with RST. */
  reset(): void {
    this.wire.socket.resetAndDestroy()
  }

  leave(): void {
    this.wire.socket.destroy()
  }

  end(): void {
    if (this.over === 'open') this.over = 'ended'
    this.#news.wake()
  }

  take(bytes: Uint8Array): void {
    const message = decodeHostMessage(bytes)
    if (message === undefined) throw new Error('the host said something of a kind that is not specified')
    this.messages.push(message)
    this.#news.wake()
  }

  async #wait(wanted: () => boolean, hopeless: () => boolean, deadlineMs: number): Promise<void> {
    const deadline = performance.now() + deadlineMs
    while (!wanted()) {
      const left = deadline - performance.now()
      if (left <= 0 || hopeless()) {
        const last = JSON.stringify(this.messages.slice(-5)).slice(0, 1000)
        throw new Error(`${this.over}: waited for ${wanted}; the last messages were ${last}`)
      }
      await this.#news.next(left)
    }
  }
}

/** A frame of a client's as RFC 6455 has it; the mask of zeros leaves the payload as it is. */
export const masked = (head: number, payload: Uint8Array): Buffer =>
  Buffer.concat([Buffer.of(head, 0x80 | payload.length, 0, 0, 0, 0), payload])
