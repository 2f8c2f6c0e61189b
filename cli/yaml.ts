/** YAML as a plain tree with lines. In a module of its own, so that only the commands that need the library load it. */
import { isMap, isScalar, isSeq, LineCounter, parseDocument, stringify } from 'yaml'

export interface Tree {
  /** From 1. */
  line: number
  /** One of the four; an alias, and what else YAML has, has none. */
  fields?: { key: string; line: number; value: Tree }[]
  items?: Tree[]
  /** Text, number, boolean or null; `source` is what is written. */
  scalar?: { value: unknown; source: string }
}

/** Also JSON, which is YAML. `problem` is one line for people. */
export function readYaml(text: string): { tree: Tree } | { line: number; problem: string } {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true })
  const [problem] = [...document.errors, ...document.warnings]
  if (problem) return { line: lines.linePos(problem.pos[0]).line, problem: problem.message }
  return { tree: treeOf(document.contents, lines) }
}

export function writeYaml(value: unknown): string {
  return stringify(value)
}

function treeOf(node: unknown, lines: LineCounter): Tree {
  const line = lineOf(node, lines)
  if (isMap(node)) {
    const fields = node.items.map(({ key, value }) => {
      return { key: isScalar(key) ? String(key.value) : '', line: lineOf(key, lines), value: treeOf(value, lines) }
    })
    return { line, fields }
  }
  if (isSeq(node)) return { line, items: node.items.map(item => treeOf(item, lines)) }
  if (isScalar(node)) return { line, scalar: { value: node.value, source: node.source ?? String(node.value) } }
  return node === null ? { line, scalar: { value: null, source: '' } } : { line }
}

function lineOf(node: unknown, lines: LineCounter): number {
  const { range } = (node ?? {}) as { range?: [number, ...number[]] | null }
  return Math.max(1, lines.linePos(range?.[0] ?? 0).line)
}
