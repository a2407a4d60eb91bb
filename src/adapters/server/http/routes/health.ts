import { statusOf } from '../errors.ts'
import type { Routes } from '../parts.ts'

export const healthRoute: Routes = (app, { trouble }) => {
  app.get('/healthz', async (_request, reply) => {
    const { refuses = false, message } = trouble() ?? {}
    if (message === undefined) return { status: 'ok' }
    // It serves, and what restarts a host that does not answer 200 would mend nothing.
    if (!refuses) return { status: 'degraded', message }
    const code = 'READ_ONLY'
    return reply.code(statusOf(code)).header('Tamtam-Code', code).send({ status: 'degraded', code, message })
  })
}
