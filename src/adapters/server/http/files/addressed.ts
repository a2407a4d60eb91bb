import type { FastifyRequest } from 'fastify'
import * as v from 'valibot'
import type { UploadMeta } from '#domain/session.ts'
import { checked } from '../checked.ts'

const query = v.object({ to: v.exactOptional(v.pipe(v.string('must be given once'), v.nonEmpty('must not be empty'))) })

/** Whom `?to=` names: the one person whom an upload is for. */
export const addressed = (request: FastifyRequest): Pick<UploadMeta, 'to'> => checked(query, request.query)
