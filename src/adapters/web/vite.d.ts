/** The address of a module that the build makes a worker of. */
declare module '*?worker&url' {
  const url: string
  export default url
}

declare module 'qrcode/lib/core/qrcode.js' {
  const qr: {
    create(text: string, options: { errorCorrectionLevel: 'M' }): { modules: { size: number; data: Uint8Array } }
  }
  export default qr
}
