import { subnetOf } from '#domain/names/subnet.ts'
import { personOf } from '../connection/key-registry.ts'
import { lineOf } from './codec.ts'
import type { IrcConnection } from './connection.ts'
import type { Verb } from './verb.ts'

/** What SASL takes in one line; an answer that fills it goes on in the next. */
const LINE_CHARS = 400
const MOST_CHARS = 1200
/** A login beyond the rate waits so long for its turn, and is refused where that is further off. */
const MOST_WAIT_MS = 8000
const DIGITS_SHOWN = 8
const ACCOUNT_CHARS = 32

/** Login: by a name and a word of one's own, by the host's token, or by the owner's key. */
export const LOGIN: Readonly<Record<string, Verb<IrcConnection>>> = {
  AUTHENTICATE: {
    least: 1,
    beforeAuth: true,
    run: (connection, { params }) => authenticate(connection, params[0] ?? ''),
  },
  OPER: { least: 2, run: (connection, { params }) => oper(connection, params[1] ?? '') },
}

async function authenticate(connection: IrcConnection, text: string): Promise<void> {
  const { sasl } = connection
  if (text === '*') {
    connection.sasl = undefined
    connection.numeric('906', [], 'SASL authentication aborted')
  } else if (sasl === undefined) {
    if (text.toUpperCase() !== 'PLAIN') {
      connection.numeric('908', ['PLAIN'], 'are available SASL mechanisms')
      connection.numeric('904', [], 'SASL authentication failed')
      return
    }
    connection.sasl = ''
    await connection.say(lineOf({ verb: 'AUTHENTICATE', params: ['+'] }))
  } else if (text.length > LINE_CHARS || sasl.length > MOST_CHARS) {
    connection.sasl = undefined
    connection.numeric('905', [], 'SASL message too long')
  } else if (text.length === LINE_CHARS) connection.sasl = sasl + text
  else {
    connection.sasl = undefined
    await plain(connection, text === '+' ? sasl : sasl + text)
  }
}

async function plain(connection: IrcConnection, encoded: string): Promise<void> {
  const [, name = '', word = ''] = Buffer.from(encoded, 'base64').toString().split('\0')
  const { accessControl, persons } = connection.parts
  const wantsToken = !accessControl.isKnown({})
  if (wantsToken && accessControl.isKnown({ credential: word })) {
    connection.token = word
    connection.numeric('903', [], 'SASL authentication successful')
  } else if (name === '' || word === '')
    connection.numeric('904', [], 'SASL authentication failed: give a name and a word')
  else if (await mayTry(connection)) login(connection, persons.keyOf('irc', name, word), name)
  else connection.numeric('904', [], 'there were too many logins from this address; try again in a minute')
}

/** Names and words can be guessed: who tries many waits. */
async function mayTry(connection: IrcConnection): Promise<boolean> {
  const { address, loopback } = connection.incoming
  if (loopback) return true
  const rate = connection.parts.logins.of(subnetOf(address))
  if (rate.delayMs > MOST_WAIT_MS) return false
  await rate.take(1)
  return true
}

function login(connection: IrcConnection, key: string, account: string): void {
  if (!connection.becomes(key)) {
    connection.numeric('904', [], 'you are in rooms as somebody else: leave them first')
    return
  }
  // The same each time, so that a mistyped word is noticed.
  const digits = personOf(key).slice(0, DIGITS_SHOWN)
  const { mask } = connection
  // Anybody may log in by a name: with these digits it is theirs alone.
  connection.account = `${account.replace(/[^\w.-]/g, '_').slice(0, ACCOUNT_CHARS)}/${digits}`
  connection.numeric('900', [mask, connection.account], `You are now logged in as ${account} (${digits})`)
  connection.numeric('903', [], 'SASL authentication successful')
}

async function oper(connection: IrcConnection, key: string): Promise<void> {
  const isOwner = connection.parts.accessControl.roleOf(personOf(key)) === 'owner'
  if (!isOwner) {
    await connection.pay(WRONG_KEY_LINES)
    connection.numeric('464', [], 'Password incorrect: OPER takes the key in keys/owner of the host')
    if (++connection.wrongKeys >= MOST_WRONG_KEYS) connection.quit('too many keys were wrong')
  } else if (!connection.becomes(key))
    connection.numeric('491', [], 'you are in rooms as somebody else: leave them first')
  else connection.numeric('381', [], 'You look after every room that you join from now on')
}

const WRONG_KEY_LINES = 10
export const MOST_WRONG_KEYS = 3
