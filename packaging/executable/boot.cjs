// The first code of the executable that scripts/pack-binary.ts makes, and of each of its threads. The files of the program are inside it, at the
// addresses that they would have if it were a folder, as in src/adapters/system/files/shipped.ts.
const { registerHooks } = require('node:module')
const { getAsset } = require('node:sea')
const { pathToFileURL } = require('node:url')
const { constants, runInThisContext } = require('node:vm')
const { isMainThread } = require('node:worker_threads')

const folder = pathToFileURL(`${process.execPath}/`).href
const main = isMainThread ? `${folder}dist/program/main.js` : process.argv[2]

registerHooks({
  resolve(specifier, context, next) {
    const isOurs = specifier === main || (specifier.startsWith('./') && context.parentURL?.startsWith(folder))
    return isOurs ? { url: new URL(specifier, context.parentURL).href, shortCircuit: true } : next(specifier, context)
  },
  load(url, context, next) {
    if (!url.startsWith(folder)) return next(url, context)
    return { format: 'module', source: getAsset(url.slice(folder.length), 'utf8'), shortCircuit: true }
  },
})
// By itself the code of an executable imports modules of Node only.
runInThisContext(`import(${JSON.stringify(main)})`, {
  importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
})
