/** Files of objects. Reading is strict: what is not known is an error with its line, never passed over. */
import { isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument, stringify, type YAMLMap } from 'yaml'
import type { ObjectsJson } from '../src/api/types.ts'
import { SkeinError } from '../src/lib/errors.ts'

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

/** YAML that `readObjects` reads. */
export function writeObjects(objects: ObjectsJson): string {
  return stringify(objects)
}

/** YAML, or JSON, which is YAML. `source` is named in errors. Throws `invalid` with the line. */
export function readObjects(source: string, text: string): ObjectsJson {
  if (Buffer.byteLength(text) > maxBytes) {
    throw new SkeinError('invalid', `${source} is larger than ${maxBytes / 1024} KiB: split it into several files`)
  }
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true })
  const fail = (at: number, why: string): never => {
    throw new SkeinError('invalid', `${source}, line ${lines.linePos(at).line}: ${why}`)
  }
  const [problem] = [...document.errors, ...document.warnings]
  if (problem) return fail(problem.pos[0], `${problem.message}; see: skein export`)
  if (!isMap(document.contents)) {
    return fail(startOf(document.contents), `expected ${Object.keys(kinds).join(' and ')}; see: skein export`)
  }
  const objects: Record<string, Record<string, string | number>[]> = {}
  for (const pair of document.contents.items) {
    const { key, at } = keyOf(pair)
    if (!Object.hasOwn(kinds, key))
      return fail(at, `unknown kind ${JSON.stringify(key)}: known are ${Object.keys(kinds).join(', ')}`)
    const items = isSeq(pair.value) ? pair.value.items : isEmpty(pair.value) ? [] : undefined
    if (!items) return fail(at, `${key} must be a list of objects`)
    objects[key] = items.map(item => {
      return isMap(item) ? readObject(key, item, fail) : fail(startOf(item), `an item of ${key} must be an object`)
    })
  }
  return objects as ObjectsJson
}

function readObject(
  kindName: string,
  map: YAMLMap,
  fail: (at: number, why: string) => never,
): Record<string, string | number> {
  const { fields, required } = kinds[kindName] as (typeof kinds)[string]
  const found: Record<string, string | number> = {}
  for (const pair of map.items) {
    const { key, at } = keyOf(pair)
    const wanted = Object.hasOwn(fields, key) ? fields[key] : undefined
    if (!wanted) {
      return fail(
        at,
        `unknown field ${JSON.stringify(key)} in ${kindName}: known are ${Object.keys(fields).join(', ')}`,
      )
    }
    const value = isScalar(pair.value) ? pair.value.value : undefined
    if (wanted === 'number' && typeof value === 'number') found[key] = value
    else if (wanted === 'text' && typeof value === 'string') found[key] = value
    // a tenant may be called 42, which YAML takes for a number
    else if (wanted === 'text' && typeof value === 'number') found[key] = sourceOf(pair)
    else return fail(at, `${key} must be a ${wanted}`)
  }
  const missing = required.find(key => found[key] === undefined)
  if (missing) return fail(startOf(map), `an item of ${kindName} has no ${missing}`)
  return found
}

function keyOf({ key }: Pair): { key: string; at: number } {
  return { key: isScalar(key) ? String(key.value) : '', at: startOf(key) }
}

function sourceOf({ value }: Pair): string {
  return isScalar(value) ? (value.source ?? String(value.value)) : ''
}

function isEmpty(value: unknown): boolean {
  return value === null || (isScalar(value) && value.value === null)
}

function startOf(node: unknown): number {
  return (node as Node | null)?.range?.[0] ?? 0
}
