/** What differs from run to run in the output of a command, and how a value of the document stands for one of the run. */

/** A piece of a line: literal text (kind ''), or a value of a kind. */
export interface Piece {
  readonly kind: string
  readonly text: string
}

/**
 * In order: the first that fits at a place counts. A *bound* value of the document stands for one and the same value of the run,
 * and no two for one; of any other only the kind is compared.
 */
const kinds: readonly { kind: string; bound: boolean; pattern: RegExp }[] = [
  // tokens of Docker's swarm and of the mesh
  { kind: 'token', bound: true, pattern: /SWMTKN-1-[0-9a-z]+-[0-9a-z]+|skein1\.[A-Za-z0-9_-]+/ },
  { kind: 'time', bound: false, pattern: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?/ },
  { kind: 'time', bound: false, pattern: /\d\d:\d\d:\d\d\.\d{6}/ },
  { kind: 'commit', bound: false, pattern: /(?<=GitCommit: )\S+/ },
  // ids of Docker, keys and digests of peers; those of a swarm are no hex
  { kind: 'id', bound: true, pattern: /\b[0-9a-f]{12,64}\b/ },
  { kind: 'id', bound: true, pattern: /\b(?=[a-z]*\d)([0-9a-z]{25}|[0-9a-z]{12})\b/ },
  // of Skein's endpoints: the address, in hex
  { kind: 'skein mac', bound: true, pattern: /\b02:02(:[0-9a-fA-F]{2}){4}\b/ },
  { kind: 'mac', bound: false, pattern: /\b[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}\b/ },
  { kind: 'link-local', bound: false, pattern: /\bfe80:[0-9a-f:]+(%\d+)?/ },
  // made of a network's id
  { kind: 'vni', bound: true, pattern: /\b\d{7,8}\b/ },
  // of containers; two of the run may be one, of two tenants, so a document gives no two containers the same
  { kind: 'address', bound: true, pattern: /\b10\.1\.\d{1,3}\.(?!0\b)\d{1,3}\b/ },
  { kind: 'duration', bound: false, pattern: /\b(Less than an?|About an?|\d+) (second|minute|hour)s?\b( ago)?/ },
  { kind: 'duration', bound: false, pattern: /(\d+\.\d+\/)*\d+(\.\d+)? ms\b|\b\d+ s ago\b/ },
  { kind: 'count', bound: false, pattern: /\b(packets|bytes|txqueuelen):\d+( \([\d.]+ [KMG]?i?B\))?/ },
  { kind: 'count', bound: false, pattern: /\b\d+ (records|repairs)\b/ },
  { kind: 'version', bound: false, pattern: /(?<![\d.])v?\d+\.\d+\.\d+(?!\.?\d)([-+][0-9A-Za-z.+-]+)?/ },
  { kind: 'interface', bound: false, pattern: /\bveth[0-9a-f]{7}\b|@if\d+\b|^\d+: |\blink-netnsid \d+/ },
  { kind: 'job', bound: false, pattern: /^\[\d\] \d+$/ },
  { kind: 'packet', bound: false, pattern: /\bid \d+, seq \d+\b/ },
]

/** A swarm's id may have no digit (one of fifty that are cut to 12): in a document it looks like a word, and is not written. */
const idWithoutDigit = { kind: 'id', bound: true, pattern: /\b([a-z]{25}|[a-z]{12})\b/ }

/** The line in pieces, in order; joined they are the line. With `anyId` words as long as a swarm's ids are taken for ids too. */
export function piecesOf(line: string, { anyId = false } = {}): Piece[] {
  const pieces: Piece[] = []
  const known = anyId ? [...kinds, idWithoutDigit] : kinds
  let end = 0
  for (let value = nextValue(line, 0, known); value; value = nextValue(line, end, known)) {
    if (value.at > end) pieces.push({ kind: '', text: line.slice(end, value.at) })
    pieces.push({ kind: value.kind, text: value.text })
    end = value.at + value.text.length
  }
  if (end < line.length) pieces.push({ kind: '', text: line.slice(end) })
  return pieces
}

/** The first value from there on. */
function nextValue(line: string, from: number, known: typeof kinds): (Piece & { at: number }) | undefined {
  const found = known.flatMap(({ kind, pattern }) => {
    const anywhere = new RegExp(pattern, 'g')
    anywhere.lastIndex = from
    const match = anywhere.exec(line)
    return match ? [{ kind, text: match[0], at: match.index }] : []
  })
  return found.sort((a, b) => a.at - b.at)[0]
}

/** A value of the document and the one of the run at its place. */
export interface Pair {
  readonly expected: Piece
  readonly actual: Piece
}

/** Which values of the document stand for which of the run. */
export interface Bindings {
  /** True if each stands for its other, from now on if it stood for nothing yet; else nothing is learnt. Values of free kinds always do. */
  bind(pairs: readonly Pair[]): boolean
  /** A command of the document with the values of the run in it. */
  inRun(command: string): string
}

export function createBindings(): Bindings {
  const forward = new Map<string, string>()
  const backward = new Set<string>()
  const bindPair = ({ expected, actual }: Pair, learnt: [from: string, to: string][]): boolean => {
    if (expected.kind !== actual.kind) return false
    if (!kinds.some(({ kind, bound }) => bound && kind === expected.kind)) return true
    const [from, to] = [keyOf(expected), keyOf(actual)]
    if (!sameShape(expected, actual)) return false
    if (forward.has(from)) return forward.get(from) === to
    if (backward.has(to)) return false
    forward.set(from, to)
    if (!from.startsWith('address ')) backward.add(to)
    learnt.push([from, to])
    return true
  }
  return {
    bind(pairs) {
      const learnt: [from: string, to: string][] = []
      if (pairs.every(pair => bindPair(pair, learnt))) return true
      for (const [from, to] of learnt) {
        forward.delete(from)
        backward.delete(to)
      }
      return false
    },
    inRun: command =>
      piecesOf(command)
        .map(piece => {
          const value = forward.get(keyOf(piece))
          return value === undefined ? piece.text : value.slice(value.indexOf(' ') + 1)
        })
        .join(''),
  }
}

/** One key for the forms of one value: an id, whole or cut to 12 digits; an address and the MAC made of it. */
function keyOf({ kind, text }: Piece): string {
  if (kind === 'id') return `id ${text.slice(0, 12)}`
  if (kind !== 'skein mac') return `${kind} ${text}`
  const bytes = text.split(':').slice(2)
  return `address ${bytes.map(byte => Number.parseInt(byte, 16)).join('.')}`
}

/** An id keeps its length, an address its network. */
function sameShape(expected: Piece, actual: Piece): boolean {
  if (expected.kind === 'id') return expected.text.length === actual.text.length
  const network = (piece: Piece) => keyOf(piece).split('.').slice(0, 3).join('.')
  if (expected.kind === 'skein mac' && expected.text.toLowerCase() === expected.text) {
    if (actual.text.toLowerCase() !== actual.text) return false
  }
  return expected.kind === 'address' || expected.kind === 'skein mac' ? network(expected) === network(actual) : true
}
