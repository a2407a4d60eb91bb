import type { HostControls, Refusal } from '#terminal/ports.ts'

const refused: Refusal = { type: 'rejected', code: 'NOT_ALLOWED', message: 'nothing of it is given here' }

/** A host that lets nobody change what opens its room. */
export const noControls: HostControls = {
  access: {
    setPassword: async () => refused,
    invite: async () => refused,
    invitations: async () => refused,
    revoke: async () => refused,
    addDropLink: async () => refused,
    dropLinks: async () => refused,
    revokeDropLink: async () => refused,
  },
  share: async () => [],
  link: async () => refused,
  speak: () => {},
  base: 'http://127.0.0.1:8268',
}
