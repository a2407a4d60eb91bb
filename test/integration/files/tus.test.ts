import { Readable } from 'node:stream'
import { type HttpRequest, Upload, type UploadOptions } from 'tus-js-client'
import { describe, expect, test } from 'vitest'
import { sampleBytes, sha256Of } from '../../harness/bytes.ts'
import { filesOf, putFile } from '../../harness/files.ts'
import { ask, startHttpHost } from '../../harness/http-client.ts'

const MIB = 1024 * 1024
const bytes = sampleBytes(3 * MIB + 100)
const sha256 = sha256Of(bytes)

/** Sends with the real tus-js-client; answers the address of the upload. */
function tusUpload(port: number, source: Buffer | Readable, options: Partial<UploadOptions> = {}) {
  const requests: string[] = []
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const upload: Upload = new Upload(source, {
    endpoint: `http://127.0.0.1:${port}/rooms/lobby/files`,
    retryDelays: [0, 10, 10],
    metadata: { filename: 'tus.bin', filetype: 'application/octet-stream' },
    storeFingerprintForResuming: false,
    ...options,
    onBeforeRequest: (request: HttpRequest) => void requests.push(request.getMethod()),
    onSuccess: () => resolve(upload.url ?? ''),
    onError: reject,
  })
  upload.start()
  return { upload, done: promise, requests }
}

async function expectWhole(port: number, url: string, name = 'tus.bin') {
  const { bytes: got, headers } = await ask(port, `GET ${new URL(url).pathname}`)
  expect(sha256Of(got)).toBe(sha256)
  expect(headers['content-disposition']).toBe(`attachment; filename="${name}"`)
}

describe('P6: the real tus-js-client', () => {
  test.each([
    ['in one request', {}, ['POST', 'PATCH']],
    ['in chunks', { chunkSize: MIB }, ['POST', 'PATCH', 'PATCH', 'PATCH', 'PATCH']],
    ['with the bytes in the creation', { uploadDataDuringCreation: true }, ['POST']],
    ['with its first bytes in the creation', { uploadDataDuringCreation: true, chunkSize: 2 * MIB }, ['POST', 'PATCH']],
    ['with POST for everything', { overridePatchMethod: true, chunkSize: 2 * MIB }, ['POST', 'POST', 'POST']],
  ])('sends a file %s', async (_how, options, expected) => {
    const { port } = await startHttpHost({ stores: 'kept' })
    const { done, requests } = tusUpload(port, bytes, options)
    await expectWhole(port, await done)
    expect(requests).toEqual(expected)
    expect(await filesOf(port)).toMatchObject([{ name: 'tus.bin', status: 'whole', sha256, by: '127.0.0.1' }])
  })

  test('sends an empty file', async () => {
    const { port } = await startHttpHost({ stores: 'kept' })
    await tusUpload(port, Buffer.alloc(0)).done
    expect(await filesOf(port)).toMatchObject([{ status: 'whole', size: 0 }])
  })

  test('sends a stream whose length it learns at its end', async () => {
    const { port } = await startHttpHost({ stores: 'kept' })
    const stream = Readable.from([bytes.subarray(0, 2 * MIB), bytes.subarray(2 * MIB)])
    const { done } = tusUpload(port, stream, { uploadLengthDeferred: true, chunkSize: MIB })
    await expectWhole(port, await done)
  })

  test('goes on where it was stopped', async () => {
    const { port } = await startHttpHost({ stores: 'kept' })
    const stopped = Promise.withResolvers<string>()
    const onChunkComplete = () => {
      void first.upload.abort()
      stopped.resolve(first.upload.url ?? '')
    }
    const first = tusUpload(port, bytes, { chunkSize: MIB, onChunkComplete })
    const uploadUrl = await stopped.promise
    const second = tusUpload(port, bytes, { uploadUrl })
    await expectWhole(port, await second.done)
    expect(second.requests).toEqual(['HEAD', 'PATCH'])
  })

  test('C110: takes over from a connection that still writes', async () => {
    const { port } = await startHttpHost({ stores: 'kept' })
    const slow = Promise.withResolvers<string>()
    const trickle = new Readable({ read() {} })
    trickle.push(bytes.subarray(0, MIB))
    const options = { uploadLengthDeferred: true, chunkSize: 512 * 1024, retryDelays: null }
    const onChunkComplete = () => slow.resolve(first.upload.url ?? '')
    const first = tusUpload(port, trickle, { ...options, onChunkComplete })
    first.done.catch(() => {})
    const uploadUrl = await slow.promise
    const second = tusUpload(port, bytes, { uploadUrl, uploadLengthDeferred: true, chunkSize: 8 * MIB })
    await expectWhole(port, await second.done)
    trickle.push(bytes.subarray(MIB))
    trickle.push(null)
    await first.upload.abort()
    expect(await filesOf(port)).toMatchObject([{ status: 'whole', sha256 }])
  })

  test('withdraws what it does not want to send any more', async () => {
    const { port } = await startHttpHost({ stores: 'kept' })
    const begun = Promise.withResolvers<void>()
    const { upload } = tusUpload(port, bytes, { chunkSize: MIB, onChunkComplete: () => begun.resolve() })
    await begun.promise
    await upload.abort(true)
    expect(await filesOf(port)).toEqual([])
    expect((await ask(port, `HEAD ${new URL(upload.url ?? '').pathname}`)).status).toBe(404)
  })

  test.each([
    ['after its creation', {}],
    ['within its creation', { uploadDataDuringCreation: true }],
  ])('C111: is done %s where the room has these bytes', async (_when, options) => {
    const { port } = await startHttpHost({ stores: 'kept' })
    const { id } = await putFile(port, 'tus.bin', bytes)
    const { done } = tusUpload(port, bytes, { ...options, metadata: { filename: 'tus.bin', sha256 } })
    expect(await done).toMatch(new RegExp(`/files/${id}$`))
    expect(await filesOf(port)).toHaveLength(1)
  })

  test('C112: hears that its bytes are not what it promised', async () => {
    const { port } = await startHttpHost({ stores: 'kept' })
    const { done } = tusUpload(port, bytes, {
      metadata: { filename: 'tus.bin', sha256: 'ab'.repeat(32) },
      retryDelays: null,
    })
    await expect(done).rejects.toThrow(/response code: 460.*HASH_MISMATCH/)
    expect(await filesOf(port)).toMatchObject([{ status: 'paused', offset: 0 }])
  })

  test('C98: names of all kinds come through', async () => {
    const { port } = await startHttpHost()
    const name = 'Übung "1"\r\nX: 🎵.mp3'
    await tusUpload(port, Buffer.from('x'), { metadata: { filename: name } }).done
    const [file] = await filesOf(port)
    expect(file?.name).toBe('Übung _1___X_ 🎵.mp3')
    expect((await ask(port, `GET ${file?.url}`)).status).toBe(200)
  })
})
