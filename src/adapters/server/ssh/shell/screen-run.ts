import { checkRoomName } from '#domain/names/room-name.ts'
import { COSTS, priceOf } from '../../connection/rate-limit.ts'
import type { Reason } from '../../connection/wire.ts'
import { visibleRooms } from '../folders.ts'
import { SshMember } from '../member.ts'
import type { RunParts } from '../parts.ts'
import { EXIT, exitStatusOf } from '../refusals.ts'
import { RatedRoom } from './rated-room.ts'
import { scpFrom, scpTo, sshInto } from './scp-lines.ts'
import { isColoured, isReflowing, type Screen, type ScreenEnding, type TerminalKind } from './screen.ts'
import { TerminalInput } from './terminal-input.ts'

/** The chat on a client's terminal, with the screen of `tamtam join`: a member of the room like any other. */
export class ScreenRun extends SshMember {
  readonly #terminal: TerminalKind
  readonly #env: ReadonlyMap<string, string>
  readonly #input: TerminalInput
  #room: RatedRoom | undefined
  #screen: Screen | undefined
  /** Why it ends, where that is not its client's own wish. */
  #why: Reason | undefined
  #isEnding = false

  constructor(of: RunParts, terminal: TerminalKind, env: ReadonlyMap<string, string>) {
    super(of)
    this.#terminal = terminal
    this.#env = env
    this.#input = new TerminalInput(this.channel, () => this.#ready())
    this.#input.once('end', () => void this.#inputEnded())
    this.channel.once('close', () => this.#leave())
    this.channel.once('farewell', (why: Reason) => this.close(why))
  }

  run(): Promise<void> {
    return this.inside({ isListed: true }, () => this.#chat())
  }

  /** The screen goes first: the reason stands below it. */
  override close(why: Reason | undefined): undefined {
    this.#why ??= why
    this.#leave()
  }

  async #chat(): Promise<number> {
    const { client } = this
    let greeting = this.#welcome()
    while (true) {
      const ending = await this.#shown(greeting)
      if (this.#why !== undefined) return this.#told(this.#why)
      switch (ending.type) {
        case 'quit':
          await client.close(undefined, 'left', ending.message)
          return EXIT.done
        case 'closed':
          this.channel.write(`* ${this.words.say('closed', { why: ending.why })}\n`)
          return EXIT.refused
        case 'room': {
          const why = await this.#move(ending)
          greeting = why === undefined ? this.#welcome() : `! ${this.words.refusal(why)}`
          break
        }
        default:
          ending satisfies never
      }
    }
  }

  async #shown(greeting: string): Promise<ScreenEnding> {
    const { client, entered: session } = this
    const { accessControl, line, openScreen } = this.parts
    const room = new RatedRoom(client, session, line.maxHistoryLines)
    this.#room = room
    this.#screen = await openScreen({
      ...{ input: this.#input, channel: this.channel, room: room.session, session, greeting },
      language: this.words.language,
      colours: !this.#env.has('NO_COLOR') && isColoured(this.#terminal),
      reflows: isReflowing(this.#terminal),
      access: accessControl.roomAccess(session),
      rooms: async () => [...(await visibleRooms(this.of))],
      lines: {
        send: (path) => scpTo(this.of, session, path),
        get: (file) => scpFrom(this.of, session, file),
        share: () => sshInto(this.of, session),
      },
    })
    if (this.#isEnding) this.#screen.end()
    const ending = await this.#screen.ended
    this.#screen = undefined
    return ending
  }

  async #move({ room, password }: ScreenEnding & { readonly type: 'room' }): Promise<Reason | undefined> {
    const { client } = this
    const name = checkRoomName(room)
    if (typeof name !== 'string') return name
    await client.charge(priceOf(COSTS.join))
    return await client.join(name, password === undefined ? {} : { password })
  }

  #welcome(): string {
    const { member, room } = this.entered
    return `* ${this.words.say('welcome', { name: member.name, room })}`
  }

  #told(why: Reason): number {
    this.channel.write(`${this.refusal(why)}\n`)
    return exitStatusOf(why.code)
  }

  #leave(): void {
    this.#isEnding = true
    this.#screen?.end()
  }

  async #inputEnded(): Promise<void> {
    await this.#room?.settled()
    this.#leave()
  }

  /** Keys wait while the client does not take what it is shown, or is over its rate. */
  async #ready(): Promise<void> {
    await this.channel.drained()
    await this.#room?.taken()
  }
}
