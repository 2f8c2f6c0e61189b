/**
 * The command blocks of a document, as a reader types them: fenced as `console`, each line that begins with a prompt is a
 * command, what follows up to the next prompt is its output. A word after `console` says where: `console vm`.
 */

/** `root@host1:~# ` is a shell of that host, `/ # ` one in a container, reached with the command before it, `$ ` the reader's own. */
const prompts = /^(root@(?<host>[a-z0-9-]+):~# |(?<inner>\/ # )|\$ )/

export interface Step {
  /** Heading of the chapter, `## ` left out. */
  readonly chapter: string
  /** Line of the command in the document, from 1. */
  readonly line: number
  /** What follows `console` in the fence: '' for the lab. */
  readonly place: string
  /** Whose prompt it stands at; '' for the reader's own shell. */
  readonly host: string
  /** The prompt itself, without the blank at its end. */
  readonly prompt: string
  readonly command: string
  /** Lines typed after the command, at the prompt `> `. */
  readonly input: readonly string[]
  /** Blank lines at the end left out. */
  readonly output: readonly string[]
}

/** Every command of every `console` block. Throws for a block that is not closed or does not begin with a prompt. */
export function parseDocument(text: string): Step[] {
  return fencesOf(text)
    .filter(({ console }) => console)
    .flatMap(readBlock)
}

/** What stands in blocks that are not `console`, and so is carried out by nobody: a text per block. */
export function otherBlocks(text: string): string[] {
  return fencesOf(text)
    .filter(({ console }) => !console)
    .map(({ lines }) => lines.join('\n'))
}

interface Fence {
  chapter: string
  /** Index of the line with the fence. */
  at: number
  console: boolean
  place: string
  lines: string[]
}

function fencesOf(text: string): Fence[] {
  const fences: Fence[] = []
  let chapter = ''
  let open: Fence | undefined
  for (const [at, line] of text.split('\n').entries()) {
    if (open && line === '```') {
      fences.push(open)
      open = undefined
    } else if (open) {
      open.lines.push(line)
    } else {
      chapter = /^## (.*)/.exec(line)?.[1] ?? chapter
      const [, language, place = ''] = /^```(\S*) *(.*)/.exec(line) ?? []
      if (language !== undefined) open = { chapter, at, console: language === 'console', place, lines: [] }
    }
  }
  if (open) throw new Error(`line ${open.at + 1}: the block is not closed`)
  return fences
}

function readBlock({ chapter, at, place, lines }: Fence): Step[] {
  const steps: { step: Omit<Step, 'input' | 'output'>; input: string[]; output: string[] }[] = []
  let host = ''
  for (const [index, text] of lines.entries()) {
    const number = at + index + 2
    const found = prompts.exec(text)
    const last = steps.at(-1)
    if (found) {
      if (found.groups?.inner === undefined) host = found.groups?.host ?? ''
      else if (!last) throw new Error(`line ${number}: a block begins with the prompt of a host, not with / #`)
      const command = text.slice(found[0].length)
      const step = { chapter, line: number, place, host, prompt: found[0].trimEnd(), command }
      steps.push({ step, input: [], output: [] })
    } else if (!last) {
      throw new Error(`line ${number}: a console block begins with a prompt`)
    } else if (text.startsWith('> ') && last.output.length === 0) {
      last.input.push(text.slice(2))
    } else {
      last.output.push(text)
    }
  }
  return steps.map(({ step, input, output }) => ({ ...step, input, output: withoutBlankEnd(output) }))
}

/** Blank lines at the end of an output set commands apart, and say nothing. */
export function withoutBlankEnd(lines: readonly string[]): string[] {
  const end = lines.findLastIndex(line => line.trim() !== '')
  return lines.slice(0, end + 1)
}
