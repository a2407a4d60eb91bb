import { connect } from 'node:net'
import type { Duplex } from 'node:stream'

/** Begins one more connection to a host. What is written meanwhile waits for it. */
export type Dial = () => Duplex

/** A mobile network forgets a connection that is silent for longer. */
const KEEP_ALIVE_MS = 60_000

export const dialTcp =
  ({ host, port }: { readonly host: string; readonly port: number }): Dial =>
  () =>
    connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS })
