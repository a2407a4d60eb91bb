import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { isRefusal } from '#client/errors.ts'
import { roomAccess } from '#client/queries.ts'
import { copied, home, isLoopback } from '../browser/platform.ts'
import { useFullWords } from '../state/context.ts'
import type { Room } from '../state/room.ts'
import { roomLink } from '../state/room-access.ts'
import { Dialog } from './dialog.tsx'
import { Icon } from './icons.tsx'

/** A text with a button that copies it. */
export function CopyLine({ text }: { readonly text: string }) {
  const { say } = useFullWords()
  const isCopied = useSignal(false)
  return (
    <div class="copy-line">
      <code title={text}>{text}</code>
      <button
        type="button"
        class="plain"
        aria-label={`${say(isCopied.value ? 'copied' : 'copy')}: ${text}`}
        title={say('copy')}
        onClick={() => {
          isCopied.value = copied(text)
        }}
      >
        {isCopied.value ? <span class="fine">{say('copied')}</span> : <Icon of="copy" />}
      </button>
      <span class="unseen" role="status">
        {isCopied.value && say('copied')}
      </span>
    </div>
  )
}

const QUIET = 2

/** A text as a code for the cameras of phones, dark on light in every theme. What makes it is loaded with the first one. */
export function QrCode({ text }: { readonly text: string }) {
  const { say } = useFullWords()
  const modules = useSignal<{ readonly size: number; readonly path: string } | undefined>(undefined)
  useEffect(() => {
    void import('qrcode/lib/core/qrcode.js').then(({ default: { create } }) => {
      const { size, data } = create(text, { errorCorrectionLevel: 'M' }).modules
      const dark = Array.from(data, (isDark, at) => (isDark ? `M${at % size} ${Math.floor(at / size)}h1v1h-1z` : ''))
      modules.value = { size, path: dark.join('') }
    })
  }, [text])
  const { size, path } = modules.value ?? { size: 1, path: '' }
  const box = `${-QUIET} ${-QUIET} ${size + 2 * QUIET} ${size + 2 * QUIET}`
  return (
    <svg class="qr" viewBox={box} role="img" aria-label={say('codeOf', { link: text })} shape-rendering="crispEdges">
      <path d={path} fill="#000" />
    </svg>
  )
}

/** How others come into a room: by a link, by netcat, and by the other clients. */
function linesOf({ name, store }: Room, token: string | undefined) {
  const { hostname, port, protocol } = location
  const secret = token === undefined ? '' : `TAMTAM_TOKEN=${token} `
  const room = encodeURIComponent(name)
  const link = roomLink(name, token)
  return {
    link,
    // Netcat speaks in plain, and shows its token by a word of its own.
    nc:
      protocol === 'http:' && token === undefined && !store.facts.value.hasPassword
        ? `nc ${hostname} ${port || 80}`
        : undefined,
    curl: `curl ${token === undefined ? '' : `-u :${token} `}-T FILE ${home()}${room}/`,
    tamtam: `${secret}tamtam join ${home()}${room}`,
  }
}

/** The host's own token, which others may have; an invitation is its person's alone. */
function useHostToken(room: Room): string | undefined {
  const token = useSignal<string | undefined>(undefined)
  useEffect(() => {
    if (room.store.token === undefined) return
    void room.store.api.ask('/metrics').then((answer) => {
      if (!isRefusal(answer)) token.value = room.store.token
    })
  }, [room])
  return token.value
}

/** The card of an empty room, and the head of the sheet. */
export function ShareCard({ room }: { readonly room: Room }) {
  const { say } = useFullWords()
  const { link, nc } = linesOf(room, useHostToken(room))
  return (
    <div class="share share-card">
      <QrCode text={link} />
      <div class="ways">
        <h2>{say('bringIn')}</h2>
        <p class="fine">{say(isLoopback() ? 'onlyHere' : 'scanOrSend')}</p>
        <CopyLine text={link} />
        {nc !== undefined && <CopyLine text={nc} />}
      </div>
    </div>
  )
}

export function ShareSheet({ room, closed }: { readonly room: Room; readonly closed: () => void }) {
  const { say, refusal } = useFullWords()
  const invitation = useSignal<string | undefined>(undefined)
  const { link, nc, curl, tamtam } = linesOf(room, useHostToken(room))
  const invite = async () => {
    const made = await roomAccess(room.store.api, room.name).invite()
    if (isRefusal(made)) room.notices.add(refusal(made), 'wrong')
    else invitation.value = roomLink(room.name, made.code)
  }
  return (
    <Dialog title={say('shareRoom', { room: room.name })} closed={closed}>
      {isLoopback() && <p class="fine">{say('onlyHere')}</p>}
      <div class="share">
        <QrCode text={link} />
        <div class="ways">
          <p class="fine">{say('scanOrSend')}</p>
          <CopyLine text={link} />
          {room.store.facts.value.hasPassword && <p class="fine">{say('sharePassword')}</p>}
        </div>
      </div>
      <section>
        <h3>{say('fromTerminal')}</h3>
        {nc !== undefined && <CopyLine text={nc} />}
        <CopyLine text={tamtam} />
        <CopyLine text={curl} />
      </section>
      {room.store.member.value.role !== undefined && (
        <section>
          {invitation.value === undefined ? (
            <div class="choices">
              <button type="button" onClick={() => void invite()}>
                {say('inviteOne')}
              </button>
            </div>
          ) : (
            <>
              <p class="fine" role="status">
                {say('invitationMade')}
              </p>
              <CopyLine text={invitation.value} />
            </>
          )}
        </section>
      )}
    </Dialog>
  )
}
