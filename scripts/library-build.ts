import { defaultClientConditions, type InlineConfig } from 'vite'

/** The schema's descriptions are for `/openapi.json` alone. */
export const withoutDescriptions = {
  name: 'without descriptions',
  transform: (code: string, id: string) =>
    id.endsWith('/protocol/schema.ts')
      ? code.replace(/\b(countAs|timeAs|flagAs|description)\((?:'[^'\n]*'|"[^"\n]*")\)/g, "$1('')")
      : undefined,
}

/** How `tamtam-room/browser`, the room for pages of others, is built: into one script. */
export const libraryBuild = (place: string): InlineConfig => ({
  configFile: false,
  logLevel: 'warn',
  plugins: [withoutDescriptions],
  // rxjs in classes, not in what stood for them: a few kB less.
  resolve: { conditions: ['es2015', ...defaultClientConditions] },
  build: {
    outDir: place,
    emptyOutDir: true,
    target: 'es2022',
    reportCompressedSize: false,
    // Of a library Vite leaves blanks and names as they are.
    rolldownOptions: { output: { minify: true } },
    lib: { entry: 'src/adapters/web/library/index.ts', formats: ['es'], fileName: () => 'tamtam.js' },
  },
})
