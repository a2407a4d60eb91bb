import document from '../openapi.json' with { type: 'json' }
import type { Routes } from '../parts.ts'

export const openapiRoute: Routes = (app) => {
  app.get('/openapi.json', async () => document)
}
