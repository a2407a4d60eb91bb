export { PATIENCE_MS, until } from '../contract/patience.ts'
