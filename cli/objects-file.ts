/** Files of objects. Reading is strict: what is not known is an error with its line, never passed over. */
import type { ObjectsJson } from '../src/api/types.ts'
import { SkeinError } from '../src/lib/errors.ts'
import type { Tree } from './yaml.ts'

/** What the API takes at once, less what is around it. */
const maxBytes = 700 * 1024

/** What a field holds: one value, texts by name, a list of texts, an object with fields of its own, or a list of such. */
type Shape = 'text' | 'number' | 'boolean' | 'texts' | 'names' | Schema | readonly [Schema]

interface Schema {
  readonly fields: Readonly<Record<string, Shape>>
  readonly required: readonly string[]
}

const rule: Schema = {
  fields: {
    id: 'text',
    direction: 'text',
    priority: 'number',
    fromGroup: 'text',
    toGroup: 'text',
    fromNetwork: 'text',
    toNetwork: 'text',
    fromIp: 'text',
    toIp: 'text',
    protocol: 'text',
    port: 'number',
    action: 'text',
  },
  required: ['id'],
}

/** The kinds of objects. */
const kinds: Readonly<Record<string, Schema>> = {
  tenants: { fields: { name: 'text' }, required: ['name'] },
  networks: {
    fields: {
      tenant: 'text',
      name: 'text',
      subnet: 'text',
      encap: 'text',
      type: 'text',
      pktTag: 'number',
      gateway: 'text',
      subnet6: 'text',
      gateway6: 'text',
      docker: { fields: { labels: 'texts', options: 'texts', internal: 'boolean' }, required: [] },
    },
    required: ['name', 'subnet'],
  },
  netprofiles: {
    fields: { tenant: 'text', name: 'text', bandwidth: 'text', dscp: 'number', burst: 'number' },
    required: ['name'],
  },
  policies: { fields: { tenant: 'text', name: 'text', rules: [rule] }, required: ['name'] },
  groups: {
    fields: { tenant: 'text', name: 'text', network: 'text', pool: 'text', policies: 'names', profile: 'text' },
    required: ['name', 'network'],
  },
}

type Fail = (line: number, why: string) => never

/** YAML that `readObjects` reads. */
export async function writeObjects(objects: ObjectsJson): Promise<string> {
  const { writeYaml } = await import('./yaml.ts')
  return writeYaml(objects)
}

/** YAML, or JSON, which is YAML. `source` is named in errors. Throws `invalid` with the line. */
export async function readObjects(source: string, text: string): Promise<ObjectsJson> {
  if (Buffer.byteLength(text) > maxBytes) {
    throw new SkeinError('invalid', `${source} is larger than ${maxBytes / 1024} KiB: split it into several files`)
  }
  const fail: Fail = (line, why) => {
    throw new SkeinError('invalid', `${source}, line ${line}: ${why}`)
  }
  const { readYaml } = await import('./yaml.ts')
  const read = readYaml(text)
  if ('problem' in read) return fail(read.line, `${read.problem}; skein export prints how it should look`)
  const { fields, line } = read.tree
  if (!fields) return fail(line, `expected ${known(kinds)}; skein export prints how it should look`)
  const objects: Record<string, Plain[]> = {}
  for (const { key, line: at, value } of fields) {
    if (!Object.hasOwn(kinds, key)) return fail(at, `unknown kind ${JSON.stringify(key)}: known are ${known(kinds)}`)
    const items = value.scalar?.value === null ? [] : value.items
    if (!items) return fail(at, `${key} must be a list of objects`)
    const schema = kinds[key] as Schema
    objects[key] = items.map(item => readObject(`an item of ${key}`, schema, item, fail))
  }
  return objects as ObjectsJson
}

type Value = string | number | boolean | string[] | Plain | Plain[]
type Plain = { [name: string]: Value }

/** `what` it is, for errors. */
function readObject(what: string, { fields, required }: Schema, tree: Tree, fail: Fail): Plain {
  if (!tree.fields) return fail(tree.line, `${what} must be an object`)
  const found: Plain = {}
  for (const { key, line, value } of tree.fields) {
    const shape = Object.hasOwn(fields, key) ? fields[key] : undefined
    if (!shape) return fail(line, `unknown field ${JSON.stringify(key)} in ${what}: known are ${known(fields)}`)
    found[key] = readField(key, shape, line, value, fail)
  }
  const missing = required.find(key => found[key] === undefined)
  return missing ? fail(tree.line, `${what} has no ${missing}`) : found
}

function readField(key: string, shape: Shape, line: number, tree: Tree, fail: Fail): Value {
  if (isList(shape))
    return items(key, line, tree, fail).map(item => readObject(`an item of ${key}`, shape[0], item, fail))
  if (typeof shape === 'object') return readObject(key, shape, tree, fail)
  if (shape === 'names') {
    const names = items(key, line, tree, fail).map(item => readValue('text', item))
    return names.map(name => (typeof name === 'string' ? name : fail(line, `${key} must be a list of texts`)))
  }
  if (shape !== 'texts') return readValue(shape, tree) ?? fail(line, `${key} must be a ${shape}`)
  if (!tree.fields) return fail(line, `${key} must be texts by name`)
  const texts = tree.fields.map(({ key: name, line: at, value }) => {
    return [name, readValue('text', value) ?? fail(at, `${name} in ${key} must be a text`)] as const
  })
  return Object.fromEntries(texts)
}

function isList(shape: Shape): shape is readonly [Schema] {
  return Array.isArray(shape)
}

/** What is empty is a list of nothing. */
function items(key: string, line: number, tree: Tree, fail: Fail): Tree[] {
  return (tree.scalar?.value === null ? [] : tree.items) ?? fail(line, `${key} must be a list`)
}

/** A tenant may be called 042, which YAML takes for a number: what is written counts. */
function readValue(wanted: 'text' | 'number' | 'boolean', { scalar }: Tree): string | number | boolean | undefined {
  const value = scalar?.value
  if (wanted === 'text')
    return typeof value === 'string' ? value : typeof value === 'number' ? scalar?.source : undefined
  return typeof value === wanted ? (value as number | boolean) : undefined
}

function known(names: object): string {
  return Object.keys(names).join(', ')
}
