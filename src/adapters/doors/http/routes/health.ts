import { statusOf } from '../errors.ts'
import type { Routes } from '../parts.ts'

export const healthRoute: Routes = (app, { trouble }) => {
  app.get('/healthz', async (_request, reply) => {
    const message = trouble()
    if (message === undefined) return { status: 'ok' }
    const code = 'READ_ONLY'
    return reply.code(statusOf(code)).header('Tamtam-Code', code).send({ status: 'degraded', code, message })
  })
}
