/**
 * Contiv's grammar of a command line, put into commander's: long flags with one or two dashes, `=` or a space before the
 * value, flags before or after the arguments, which keep their order; `--` ends the flags. The command must be known to
 * tell a flag with a value from one without.
 */
import type { Command, Option } from 'commander'
import { SkeinError } from '../src/lib/errors.ts'

export interface Arguments {
  /** What commander is given: each flag as `--long` or `--long=value`. */
  args: string[]
  /** The command that the words lead to. */
  command: Command
}

/** `skein net create`. */
export function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name()
}

export function readArguments(program: Command, argv: readonly string[]): Arguments {
  const args: string[] = []
  let command = program
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] as string
    if (word === '--') {
      args.push(...argv.slice(at))
      break
    }
    const flag = /^--?([^=-][^=]*)(?:=(.*))?$/s.exec(word)
    if (!flag) {
      command = childOf(command, word) ?? command
      args.push(word)
      continue
    }
    const [, name = '', inline] = flag
    const option = findOption(command, name)
    if (option && takesValue(option)) {
      const value = inline ?? argv[++at]
      if (value === undefined) throw new SkeinError('usage', `${word} needs a value; see: ${pathOf(command)} --help`)
      args.push(`${option.long}=${value}`)
    } else if (option) {
      args.push(...switched(command, option, word, inline))
    } else {
      args.push(...(word.startsWith('--') ? [word] : severalSwitches(command, name, word)))
    }
  }
  return { args, command }
}

function childOf(command: Command, word: string): Command | undefined {
  return command.commands.find(child => child.name() === word || child.aliases().includes(word))
}

/** An option of the command or of one above it, by its long or short name. */
function findOption(command: Command, name: string): Option | undefined {
  const found = command.options.find(({ long, short }) => long === `--${name}` || trim(short) === name)
  return found ?? (command.parent ? findOption(command.parent, name) : undefined)
}

/** `-s` or, as a second long name, `--s6`, without dashes. */
function trim(short: string | undefined): string | undefined {
  return short?.replace(/^-+/, '')
}

function takesValue(option: Option): boolean {
  return option.required || option.optional
}

/** Go's `-json=false` switches off. */
function switched(command: Command, option: Option, word: string, inline: string | undefined): string[] {
  if (inline === undefined || inline === 'true') return [option.long as string]
  if (inline === 'false') return []
  throw new SkeinError('usage', `${word}: use --${option.name()} without a value; see: ${pathOf(command)} --help`)
}

/** `-aq`, as docker has it: several one-letter switches at once; anything else is left for commander to refuse. */
function severalSwitches(command: Command, name: string, word: string): string[] {
  const options = [...name].map(letter => findOption(command, letter))
  const known = options.every(option => option !== undefined && !takesValue(option))
  return known ? options.map(option => option?.long as string) : [word]
}
