import type { Routes } from '../parts.ts'
import { healthRoute } from './health.ts'
import { roomRoutes } from './rooms.ts'

/** Everything that the door serves. */
export const routes: readonly Routes[] = [healthRoute, roomRoutes]
