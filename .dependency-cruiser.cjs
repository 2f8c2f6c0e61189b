// The import directions of docs/architecture.md, checked by `npm run lint`.
const layers = {
  lib: [],
  model: ['lib'],
  crdt: ['lib', 'model'],
  policy: ['lib', 'model', 'crdt'],
  store: ['lib', 'model', 'crdt'],
  mesh: ['lib', 'model', 'crdt'],
  replica: ['lib', 'model', 'crdt', 'store', 'mesh'],
  ipam: ['lib', 'model', 'crdt', 'replica', 'mesh'],
  datapath: ['lib', 'model', 'crdt', 'policy', 'replica', 'ipam'],
  driver: ['lib', 'model', 'crdt', 'policy', 'replica', 'ipam'],
  dns: ['lib', 'model', 'crdt', 'policy', 'replica', 'ipam'],
  api: ['lib', 'model', 'crdt', 'policy', 'replica', 'ipam'],
  config: ['lib', 'model'],
  agent: ['lib', 'model', 'crdt', 'policy', 'store', 'mesh', 'replica', 'ipam', 'datapath', 'driver', 'dns', 'api', 'config'],
}
const forbidden = Object.entries(layers).map(([layer, allowed]) => ({
  name: `${layer}-imports-only-${allowed.join('-') || 'nothing'}`,
  severity: 'error',
  from: { path: `^src/${layer}/` },
  to: { path: '^(src|cli|lab)/', pathNot: `^src/((${[layer, ...allowed].join('|')})/|polyfills\\.ts$)` },
}))
forbidden.push(
  { name: 'no-circular', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
  {
    name: 'cli-knows-only-the-api-types',
    severity: 'error',
    from: { path: '^cli/' },
    to: { path: '^src/', pathNot: '^src/(lib|model)/|^src/api/(types|export-objects)\\.ts$' },
  },
  { name: 'nobody-imports-the-cli', severity: 'error', from: { path: '^(src|lab)/' }, to: { path: '^cli/' } },
  {
    name: 'pure-cores',
    comment: 'crdt, model, policy and the core of ipam: no sockets, clocks, processes or files',
    severity: 'error',
    from: { path: '^src/(crdt|model|policy|ipam/core)/' },
    to: { dependencyTypes: ['core'], pathNot: '^(node:)?crypto$' },
  },
  { name: 'not-to-dev-dep', severity: 'error', from: { path: '^(src|cli|lab)/' }, to: { dependencyTypes: ['npm-dev'] } },
)
module.exports = {
  forbidden,
  options: { doNotFollow: { path: 'node_modules' }, tsPreCompilationDeps: true, tsConfig: { fileName: 'tsconfig.json' } },
}
