// Loaded into a host before it starts: on a machine that runs all tests at once the first bytes of a client may take longer than a person should
// have to wait for a greeting.
import { listenerDefaults } from '#app/defaults.ts'

Object.assign(listenerDefaults, { silentMs: 1000 })
