import { once } from 'node:events'
import { connect } from 'node:net'
import { LineClient } from './line-client.ts'

let sequence = 0

/** A client of IRC, with hands: it says lines, and reads those of the host. */
export class IrcClient extends LineClient {
  static override async connect(port: number): Promise<IrcClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    return new IrcClient(socket)
  }

  /** Registered under that nick, and in these rooms. */
  static async enter(
    port: number,
    nick: string,
    rooms: readonly string[] = ['lobby'],
    { capabilities = '', password = '' } = {},
  ): Promise<IrcClient> {
    const client = await IrcClient.connect(port)
    if (capabilities !== '') client.says('CAP LS 302', `CAP REQ :${capabilities}`)
    if (password !== '') client.says(`PASS ${password}`)
    client.says(`NICK ${nick}`, `USER ${nick} 0 * :${nick}`)
    if (capabilities !== '') client.says('CAP END')
    await client.until(/ 376 /)
    for (const room of rooms) await client.ask(`JOIN #${room}`, new RegExp(` 366 ${nick} #${room} `))
    return client
  }

  says(...lines: readonly string[]): this {
    return this.write(lines.map((line) => `${line}\r\n`).join(''))
  }

  /** Lines without their ends. */
  get heard(): readonly string[] {
    return this.lines.map((line) => line.replace(/\r$/, ''))
  }

  /** What came since `from`, with what is another each time left out. */
  since(from: number): readonly string[] {
    return this.heard.slice(from).map((line) =>
      line
        .replace(/\d{10}\.tamtam/g, 'host')
        .replace(/^@\S+ /, '')
        .replace(/ \d+ \d{10} :/, ' IDLE TIME :')
        .replace(/ \d{10}$/, ' TIME'),
    )
  }

  /** All that was said to it so far has come when this resolves, and that of which it was told before. */
  async settled(): Promise<void> {
    const word = `settled-${++sequence}`
    await this.ask(`PING ${word}`, new RegExp(`PONG .*${word}`))
    this.lines.splice(
      this.lines.findIndex((line) => line.includes(word)),
      1,
    )
  }

  /** The lines that a command is answered with, its readers' too. */
  async answers(line: string): Promise<readonly string[]> {
    await this.settled()
    const from = this.lines.length
    this.says(line)
    await this.settled()
    return this.since(from)
  }
}
