/** Names of containers across hosts. */
export { createDns, type Dns, type DnsDeps } from './create.ts'
