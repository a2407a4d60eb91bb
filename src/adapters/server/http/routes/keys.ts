import * as v from 'valibot'
import { asGuest } from '../auth.ts'
import { checked } from '../checked.ts'
import { refuse } from '../errors.ts'
import type { Routes } from '../parts.ts'
import { takeJson } from '../text-body.ts'

const given = v.strictObject({ password: v.string('must be a text') })

/** What opens a room, for those who look after it. */
export const keyRoutes: Routes = (app, parts) => {
  const { accessControl, settings } = parts
  takeJson(app, settings.messageBytes)

  app.put<{ Params: { room: string } }>('/rooms/:room/password', (request, reply) =>
    asGuest(parts, request, request.params.room, async (session) => {
      const { password } = checked(given, request.body)
      const why = await accessControl.roomAccess(session).setPassword(password)
      return why === undefined ? reply.code(204).send() : refuse(reply, why)
    }),
  )

  app.delete<{ Params: { room: string } }>('/rooms/:room/password', (request, reply) =>
    asGuest(parts, request, request.params.room, async (session) => {
      const why = await accessControl.roomAccess(session).setPassword(undefined)
      return why === undefined ? reply.code(204).send() : refuse(reply, why)
    }),
  )

  app.post<{ Params: { room: string } }>('/rooms/:room/invitations', (request, reply) =>
    asGuest(parts, request, request.params.room, async (session) => {
      const invitation = await accessControl.roomAccess(session).invite()
      return 'type' in invitation ? refuse(reply, invitation) : reply.code(201).send(invitation)
    }),
  )

  app.get<{ Params: { room: string } }>('/rooms/:room/invitations', (request, reply) =>
    asGuest(parts, request, request.params.room, async (session) => {
      const invitations = await accessControl.roomAccess(session).invitations()
      return 'type' in invitations ? refuse(reply, invitations) : reply.send({ invitations })
    }),
  )

  app.delete<{ Params: { room: string; id: string } }>('/rooms/:room/invitations/:id', (request, reply) =>
    asGuest(parts, request, request.params.room, async (session) => {
      const why = await accessControl.roomAccess(session).revoke(request.params.id)
      return why === undefined ? reply.code(204).send() : refuse(reply, why)
    }),
  )
}
