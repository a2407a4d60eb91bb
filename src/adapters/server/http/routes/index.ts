import { fileRoutes } from '../files/routes.ts'
import type { Routes } from '../parts.ts'
import { pageRoutes } from '../web/routes.ts'
import { eventRoutes } from './events.ts'
import { healthRoute } from './health.ts'
import { keyRoutes } from './keys.ts'
import { messageRoute } from './messages.ts'
import { metricsRoute } from './metrics.ts'
import { openapiRoute } from './openapi.ts'
import { roomRoutes } from './rooms.ts'

/** Everything that the door serves. */
export const routes: readonly Routes[] = [
  healthRoute,
  metricsRoute,
  openapiRoute,
  roomRoutes,
  eventRoutes,
  messageRoute,
  keyRoutes,
  fileRoutes,
  pageRoutes,
]
