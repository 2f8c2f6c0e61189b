/** Files of objects. Reading is strict: what is not known is an error with its line, never passed over. */
import type { ObjectsJson } from '../src/api/types.ts'
import { SkeinError } from '../src/lib/errors.ts'
import type { Tree } from './yaml.ts'

/** What the API takes at once, less what is around it. */
const maxBytes = 700 * 1024

type Fields = Readonly<Record<string, 'text' | 'number'>>

/** The kinds of objects, and the fields of each. */
const kinds: Readonly<Record<string, { fields: Fields; required: readonly string[] }>> = {
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
    },
    required: ['name', 'subnet'],
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
    objects[key] = items.map(item => readObject(key, item, fail))
  }
  return objects as ObjectsJson
}

type Plain = Record<string, string | number>

function readObject(kindName: string, tree: Tree, fail: Fail): Plain {
  const { fields, required } = kinds[kindName] as (typeof kinds)[string]
  if (!tree.fields) return fail(tree.line, `an item of ${kindName} must be an object`)
  const found: Plain = {}
  for (const { key, line, value } of tree.fields) {
    const wanted = Object.hasOwn(fields, key) ? fields[key] : undefined
    if (!wanted) {
      return fail(line, `unknown field ${JSON.stringify(key)} in ${kindName}: known are ${known(fields)}`)
    }
    found[key] = readValue(wanted, value) ?? fail(line, `${key} must be a ${wanted}`)
  }
  const missing = required.find(key => found[key] === undefined)
  return missing ? fail(tree.line, `an item of ${kindName} has no ${missing}`) : found
}

/** A tenant may be called 042, which YAML takes for a number: what is written counts. */
function readValue(wanted: 'text' | 'number', { scalar }: Tree): string | number | undefined {
  if (typeof scalar?.value === 'number') return wanted === 'number' ? scalar.value : scalar.source
  return wanted === 'text' && typeof scalar?.value === 'string' ? scalar.value : undefined
}

function known(names: object): string {
  return Object.keys(names).join(', ')
}
