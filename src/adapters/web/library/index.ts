/**
 * A room in a page of yours, which the host of the room serves, or a server that mounts `tamtam.handler`.
 *
 * @module tamtam-room/browser
 */

export type { Refusal } from '#client/errors.ts'
export { isRefusal, Unreachable } from '#client/errors.ts'
export type { SentFile } from '#client/uploader.ts'
export type { Code, Rejected } from '#domain/errors.ts'
export type { Ack, ClientCommand } from '#domain/room/commands.ts'
export type { Entry, Member, PastEvent, RoomEvent, WholeFile } from '#domain/room/events.ts'
export type { RoomFacts } from '#domain/room/rules.ts'
export { type ConnectionState, Refused } from '#domain/session.ts'
export type { FileRow } from '#protocol/schema.ts'
export { type JoinOptions, join, type RoomInPage, type UploadOptions } from './room-in-page.ts'
