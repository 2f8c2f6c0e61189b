export { createDatapath, type DatapathDeps } from './create.ts'
export type { Attachment, Datapath } from './datapath.ts'
