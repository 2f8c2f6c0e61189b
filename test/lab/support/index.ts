/** What the acceptance tests use. */
export { type Call, heardThroughRestarts, untilSilent } from './callers.ts'
export { call, cleanHosts } from './clean.ts'
export * from './docker.ts'
export { eventually } from './eventually.ts'
export { type UseLabOptions, useLab, useNoLab } from './lab.ts'
export * from './ping.ts'
export * from './refusal.ts'
