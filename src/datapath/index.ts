export { createDatapath, type DatapathDeps } from './create.ts'
export type { Attachment, Datapath, Unreachable } from './datapath.ts'
