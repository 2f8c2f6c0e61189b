/** The Docker side: the plugin (network and IPAM driver) and the reconciler. */
export { createDockerClient } from './docker-client.ts'
export { createDriver, type DockerDriver, type DriverDeps } from './driver.ts'
export type { LocalCondition } from './local-conditions.ts'
export { createPluginServer, type PluginServer, type PluginServerDeps } from './plugin-server.ts'
export { poolIdOf } from './pool-id.ts'
export type { DatapathPort, DockerApi } from './ports.ts'
export { createReconciler, type Reconciler, type ReconcilerDeps } from './reconciler.ts'
