import { statusOf } from '../errors.ts'
import type { Routes } from '../parts.ts'

export const healthRoute: Routes = (app, { trouble }) => {
  app.get('/healthz', async (_request, reply) => {
    const message = trouble()
    if (message === undefined) return { status: 'ok' }
    return reply.code(statusOf('READ_ONLY')).send({ status: 'degraded', code: 'READ_ONLY', message })
  })
}
