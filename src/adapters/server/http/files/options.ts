import type { FastifyReply } from 'fastify'
import { TUS_CHECKSUMS, TUS_EXTENSIONS, TUS_VERSION } from '#protocol/tus.ts'

/** What of tus there is here. */
export const options = async (reply: FastifyReply): Promise<FastifyReply> =>
  reply
    .code(204)
    .headers({
      'Tus-Version': TUS_VERSION,
      'Tus-Extension': TUS_EXTENSIONS,
      'Tus-Checksum-Algorithm': TUS_CHECKSUMS,
    })
    .send()
