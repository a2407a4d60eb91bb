import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { type Ending, Lane, type Link } from './chaos-proxy-lane.ts'

/**
 * A network that a test can break: a TCP proxy on a free port of loopback. It keeps back pressure (what is not read on one side is
 * not read from the other), and passes half-closes and resets on.
 */
export class ChaosProxy {
  /** Where new connections go; may be changed at any time. */
  target: number
  /** From who connects to the target. */
  readonly up = new Lane()
  /** From the target to who connects. */
  readonly down = new Lane()
  readonly #server: Server
  readonly #links = new Set<Link>()
  #accepted = 0

  private constructor(target: number) {
    this.target = target
    this.#server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (near) => {
      this.#accepted += 1
      void this.#carry(near)
    })
  }

  /** Gone when the test is over. */
  static async open(target: number): Promise<ChaosProxy> {
    const proxy = new ChaosProxy(target)
    proxy.#server.listen({ port: 0, host: '127.0.0.1' })
    await once(proxy.#server, 'listening')
    onTestFinished(() => proxy.close())
    return proxy
  }

  get port(): number {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('the proxy is closed')
    return address.port
  }

  /** Connections so far. */
  get accepted(): number {
    return this.#accepted
  }

  /** Connections that are open. */
  get open(): number {
    return this.#links.size
  }

  cutAll(how: Ending = 'reset'): void {
    for (const link of [...this.#links]) link.cut(how)
  }

  /** From now on nothing passes on the connections that there are, and nobody is told: each side has one that is half open (C73). */
  forgetAll(): void {
    for (const link of this.#links) link.forgotten = true
  }

  async close(): Promise<void> {
    const closed = this.#server.listening ? once(this.#server, 'close') : undefined
    this.#server.close()
    this.up.release()
    this.down.release()
    this.cutAll()
    await closed
  }

  async #carry(near: Socket): Promise<void> {
    const far = connect({ port: this.target, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    const link: Link = {
      forgotten: false,
      cut: (how) => {
        this.#links.delete(link)
        for (const socket of [near, far]) {
          if (how === 'reset') socket.resetAndDestroy()
          else socket.destroySoon()
        }
      },
    }
    this.#links.add(link)
    // An error of one side is passed on to the other as the reset that it is.
    for (const socket of [near, far]) socket.on('error', () => link.forgotten || link.cut('reset'))
    await Promise.all([this.#pump(near, far, this.up, link), this.#pump(far, near, this.down, link)])
    if (link.forgotten) link.cut('reset')
    this.#links.delete(link)
  }

  async #pump(from: Socket, to: Socket, lane: Lane, link: Link): Promise<void> {
    try {
      for await (const chunk of from.iterator({ destroyOnReturn: false })) await lane.pass(chunk, to, link)
      if (!link.forgotten) to.end()
    } catch {
      // Cut here or broken elsewhere: either way both sides are told above.
    }
  }
}
