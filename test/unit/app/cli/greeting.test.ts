import { readFileSync } from 'node:fs'
import { describe, expect, it, test, vi } from 'vitest'
import { firstScreen, greetingOf, listeningLine, pageLink, shareRows } from '#app/cli/greeting.ts'
import { translatorFor } from '#i18n/i18n.ts'
import { themes, unpainted } from '#terminal/rows.ts'

const english = translatorFor('en')

/** As `npm start` in a checkout has it. */
function byNpm<Answer>(ask: () => Answer): Answer {
  vi.stubEnv('npm_lifecycle_event', 'start')
  vi.stubEnv('npm_package_name', 'tamtam-room')
  try {
    return ask()
  } finally {
    vi.unstubAllEnvs()
  }
}

const here = {
  room: 'lobby',
  host: '127.0.0.1',
  port: 8268,
  url: 'tcp://127.0.0.1:8268',
  reachable: [],
  qr: [],
  isTokenKept: true,
}
const lan = {
  ...here,
  host: '::',
  url: 'tcp://[::]:8268',
  reachable: ['192.168.1.5', '2001:db8::5'],
  qr: ['▀▄'],
}

describe('what a host says first', () => {
  it('is for this machine where nobody else reaches it', () =>
    expect(greetingOf(here, english)).toEqual([
      'tamtam hosts the room lobby on tcp://127.0.0.1:8268',
      'open in a browser:            http://127.0.0.1:8268/',
      'join from this machine with:  nc 127.0.0.1 8268',
      'drop a file in with:          curl -T FILE http://127.0.0.1:8268/lobby/',
      'type to chat; /send PATH sends a file; /help tells more; Ctrl-C stops the host',
    ]))

  it('tells others each address, how to join with what they have, and the token', () =>
    expect(greetingOf({ ...lan, token: 'secret' }, english)).toEqual([
      'tamtam hosts the room lobby on tcp://[::]:8268',
      '▀▄',
      'browser   http://192.168.1.5:8268/#t=secret',
      '          http://[2001:db8::5]:8268/#t=secret',
      'terminal  TAMTAM_TOKEN=secret tamtam join 192.168.1.5:8268/lobby',
      "netcat    { echo '/token secret'; cat; } | nc 192.168.1.5 8268",
      'curl      curl -u :secret -T FILE http://192.168.1.5:8268/lobby/',
      'only holders of the token can join; tamtam token --new makes another, and removes members who joined by this one',
      'type to chat; /send PATH sends a file; /help tells more; Ctrl-C stops the host',
    ]))

  it('has the name of the machine beside its addresses, and its own commands as they were typed', () => {
    const lines = byNpm(() => greetingOf({ ...lan, localName: 'kantor.local' }, english))
    expect(lines).toContain('          http://kantor.local:8268/')
    expect(lines).toContain('terminal  npm start -- join 192.168.1.5:8268/lobby')
  })

  it('says plainly that a host without one is open to all', () => {
    const lines = greetingOf(lan, english)
    expect(lines).toContain('everyone who reaches these addresses can join, read and send files')
    expect(lines).toContain('netcat    nc 192.168.1.5 8268')
    expect(lines.join('\n')).not.toMatch(/token|#t=/)
  })

  it('has the ways of TLS where it speaks that, and what it is known by', () => {
    const secure = { url: 'tls://[::]:8268', fingerprint: 'sha256:abc' }
    expect(greetingOf({ ...lan, ...secure, token: 'secret' }, english).slice(2, 6)).toEqual([
      'browser   https://192.168.1.5:8268/#t=secret',
      '          https://[2001:db8::5]:8268/#t=secret',
      'terminal  TAMTAM_TOKEN=secret tamtam join tls://192.168.1.5:8268/lobby#sha256:abc',
      "openssl   { echo '/token secret'; cat; } | openssl s_client -quiet -connect 192.168.1.5:8268",
    ])
    expect(greetingOf({ ...here, ...secure }, english).slice(1, 5)).toEqual([
      'open in a browser:            https://127.0.0.1:8268/',
      'join from this machine with:  tamtam join tls://127.0.0.1:8268/lobby#sha256:abc',
      'or with:                      openssl s_client -quiet -connect 127.0.0.1:8268',
      'drop a file in with:          curl -k -T FILE https://127.0.0.1:8268/lobby/',
    ])
  })

  it('fits into 80 columns where it matters: the link that is read from the screen', () =>
    expect(
      pageLink({ address: '192.168.100.100', port: 65_535, room: 'lobby', token: 'x'.repeat(26) }).length,
    ).toBeLessThan(63))

  it('leads browsers into the room that it hosts', () => {
    const at = { address: '127.0.0.1', port: 8268, room: 'warung kopi' }
    expect(pageLink(at)).toBe('http://127.0.0.1:8268/#room=warung+kopi')
    expect(pageLink({ ...at, token: 'secret' })).toBe('http://127.0.0.1:8268/#t=secret&room=warung+kopi')
  })
})

describe('a host with a public URL', () => {
  const known = { ...here, publicUrl: 'https://chat.example.org/x', token: 'secret' }

  it('is found there alone, by every program that a proxy passes', () => {
    expect(greetingOf({ ...known, reachable: ['192.168.1.5'] }, english).slice(1, 4)).toEqual([
      'browser   https://chat.example.org/x/#t=secret',
      'terminal  TAMTAM_TOKEN=secret tamtam join https://chat.example.org/x/lobby',
      'curl      curl -u :secret -T FILE https://chat.example.org/x/lobby/',
    ])
    expect(shareRows(known, english, unpainted)).toEqual([
      'https://chat.example.org/x/#t=secret',
      'TAMTAM_TOKEN=secret tamtam join https://chat.example.org/x/lobby',
      'curl -u :secret -T FILE https://chat.example.org/x/lobby/',
    ])
  })
})

describe('at a terminal', () => {
  it('speaks Indonesian to those who do, and calls itself as it was called', () => {
    expect(byNpm(() => firstScreen(here, translatorFor('id'), unpainted, 24))).toEqual([
      'tamtam  lobby  /share menampilkannya lagi, /help bantuan, Ctrl-C menutup ruang',
      'peramban  http://127.0.0.1:8268/',
      'terminal  npm start -- join 127.0.0.1:8268/lobby',
      'netcat    nc 127.0.0.1 8268',
      'Hanya untuk komputer ini. Mulai dengan --lan agar yang lain bisa masuk.',
    ])
  })

  it('stands so in the README and in the first guide', () => {
    const read = (path: string) => readFileSync(new URL(`../../../../${path}`, import.meta.url), 'utf8')
    const screen = () => firstScreen(here, english, unpainted, 24).join('\n')
    for (const path of ['README.md', 'README.id.md']) expect(read(path)).toContain(screen())
    expect(read('docs/start/first-room.md')).toContain(byNpm(screen))
  })

  it('is where to go first, with the code last where there is room for it', () => {
    const open = firstScreen(lan, english, unpainted, 24)
    expect(open.slice(1)).toEqual([
      'browser   http://192.168.1.5:8268/',
      'terminal  tamtam join 192.168.1.5:8268/lobby',
      '▀▄',
    ])
    expect(firstScreen(lan, english, unpainted, 4)).toEqual(open.slice(0, -1))
    expect(firstScreen({ ...lan, token: 'secret' }, english, unpainted, 24).slice(1, 3)).toEqual([
      'browser   http://192.168.1.5:8268/#t=secret',
      'terminal  tamtam join http://192.168.1.5:8268/#t=secret',
    ])
    expect(firstScreen({ ...lan, token: 'secret', room: 'lab' }, english, unpainted, 24)[2]).toBe(
      'terminal  tamtam join "http://192.168.1.5:8268/#t=secret&room=lab"',
    )
    expect(firstScreen(here, english, unpainted, 24).slice(1)).toEqual([
      'browser   http://127.0.0.1:8268/',
      'terminal  tamtam join 127.0.0.1:8268/lobby',
      'netcat    nc 127.0.0.1 8268',
      'Only this machine can use these. Start with --lan for others.',
    ])
  })

  it('has every way for /share, each in a line that can be copied', () =>
    expect(shareRows({ ...lan, token: 'secret' }, english, themes.mono)).toEqual([
      '\x1b[1mhttp://192.168.1.5:8268/#t=secret\x1b[22m',
      'http://[2001:db8::5]:8268/#t=secret',
      'TAMTAM_TOKEN=secret tamtam join 192.168.1.5:8268/lobby',
      "{ echo '/token secret'; cat; } | nc 192.168.1.5 8268",
      'curl -u :secret -T FILE http://192.168.1.5:8268/lobby/',
      '▀▄',
    ]))

  it('has what gets through a proxy for HTTP where one is in between', () => {
    const behind = { ...lan, room: 'lab', tls: true as const, reachable: ['chat.example.org'], qr: [] }
    const publicUrl = 'https://chat.example.org/chat'
    expect(shareRows({ ...behind, publicUrl, token: 'secret' }, english, unpainted)).toEqual([
      'https://chat.example.org/chat/#t=secret&room=lab',
      'TAMTAM_TOKEN=secret tamtam join https://chat.example.org/chat/lab',
      'curl -u :secret -T FILE https://chat.example.org/chat/lab/',
    ])
  })

  it('has the code in black and white of its own, for a camera on any background', () =>
    expect(shareRows(lan, english, themes.colour).at(-1)).toBe('\x1b[97;40m▀▄\x1b[39;49m'))
})

test('programs are told the same in one line, and the token only where nothing else tells it', () => {
  const facts = {
    room: 'lobby',
    host: '127.0.0.1',
    port: 1,
    url: 'tcp://127.0.0.1:1',
    reachable: ['192.168.1.5'],
    token: 'secret',
    isTokenKept: true,
    qr: [],
  }
  const known = { v: 1, type: 'listening', host: '127.0.0.1', port: 1, url: 'tcp://127.0.0.1:1' }
  const rest = { pid: process.pid, addresses: ['192.168.1.5'] }
  expect(JSON.parse(listeningLine(facts))).toEqual({ ...known, ...rest })
  expect(JSON.parse(listeningLine({ ...facts, isTokenKept: false }))).toEqual({ ...known, ...rest, token: 'secret' })
})
