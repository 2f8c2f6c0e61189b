/** Carries a document out as a reader would: a terminal per host, the commands typed one after the other, the screen compared. */
import { patience } from '../../../lab/wait.ts'
import { type Step, withoutBlankEnd } from './document.ts'
import { findMismatch } from './match.ts'
import { openTerminal, type Terminal } from './terminal.ts'
import { createBindings } from './values.ts'

export interface Stage {
  /** Arguments that start an interactive bash of the host; of the reader's own shell for ''. */
  shellOf(host: string): string[]
  /** The pause in which a reader turns to the next window: resolves once every host knows what was done. */
  settle(): Promise<void>
  /** True for what may become so a moment later, and not by our doing: it is typed again if it does not print what it should. */
  mayComeLater(step: Step): boolean
}

export interface Player {
  /** Types the command and compares what it prints. Rejects with place, command, what was expected and what came. */
  play(step: Step): Promise<void>
  /** Ends all shells. */
  close(): Promise<void>
}

/** `docker run` while a slow machine is busy, or an emulated one. */
const commandLimitMs = Math.max(60_000, 20_000 * patience)

/** How long a command is typed again that may come later. */
const againLimitMs = 15_000

/** What a command ends with: a prompt where the next line is typed. */
const promptAtEnd = /(^|\n)\$ $|(root@[a-z0-9-]+:~#|\/ #) $/

/** Of Debian's busybox, which the lab's image is made of; that of Alpine says nothing. */
const greeting = /\n*BusyBox v[^\n]+ built-in shell [^\n]+\n[^\n]+\n\n?/

interface Shell {
  terminal: Terminal
  /** Where it stands; undefined while a command goes on. */
  prompt: string | undefined
}

/** @param file name of the document, for failures */
export function createPlayer(file: string, stage: Stage): Player {
  const shells = new Map<string, Shell>()
  const bindings = createBindings()

  async function shellAt(step: Step): Promise<Shell> {
    const shell = shells.get(step.host) ?? { terminal: openTerminal(stage.shellOf(step.host)), prompt: undefined }
    if (!shells.has(step.host)) {
      shells.set(step.host, shell)
      await startShell(shell, step.host)
    } else if (shell.prompt === undefined) {
      shell.prompt = await promptOf(shell.terminal)
    }
    if (shell.prompt === step.prompt) return shell
    throw new Error(`the shell stands at ${shell.prompt}, not at ${step.prompt}`)
  }

  async function perform(step: Step): Promise<void> {
    await stage.settle()
    const shell = await shellAt(step)
    const { terminal } = shell
    terminal.take()
    const typed = bindings.inRun(step.command)
    for (const line of [typed, ...step.input.map(bindings.inRun)]) terminal.type(line)
    const goesOn = /^<.*>$/.test(step.output.at(-1) ?? '')
    const until = goesOn ? step.output.length - 1 : step.output.indexOf('^C')
    const enough = (screen: string) => linesOf(screen, typed).length > until || promptAtEnd.test(screen)
    if (until > 0) await terminal.until(enough, commandLimitMs)
    if (step.output.includes('^C')) terminal.interrupt()
    shell.prompt = goesOn ? undefined : await promptOf(terminal)
    const actual = outputOf(terminal.take(), typed)
    const expected = step.output.filter(line => line !== '^C')
    compare(goesOn ? expected.slice(0, until) : expected, goesOn ? actual.slice(0, until) : actual, step.command)
  }

  function compare(expected: string[], actual: string[], command: string): void {
    const mismatch = findMismatch(expected, actual, bindings, { exact: /^netctl\b/.test(command) })
    if (!mismatch) return
    const lines = [`expected  ${mismatch.expected}`, `actual    ${mismatch.actual}`, 'all of it:', ...actual]
    throw new Error(lines.join('\n'))
  }

  async function performPatiently(step: Step): Promise<void> {
    const deadline = performance.now() + againLimitMs
    for (;;) {
      try {
        return await perform(step)
      } catch (error) {
        if (!stage.mayComeLater(step) || performance.now() > deadline) throw error
      }
    }
  }

  return {
    async play(step) {
      try {
        await performPatiently(step)
      } catch (error) {
        const place = `${step.chapter}, ${file}:${step.line}`
        throw new Error(`${place}: ${step.prompt} ${step.command}\n${error instanceof Error ? error.message : error}`)
      }
    },
    async close() {
      await Promise.all([...shells.values()].map(({ terminal }) => terminal.close()))
    },
  }
}

/** Makes the shell print its prompt as Debian's does for root, echo nothing, and edit nothing. */
async function startShell(shell: Shell, host: string): Promise<void> {
  const prompt = host === '' ? '$ ' : '\\u@\\h:\\w\\$ '
  shell.terminal.type(`set +o emacs; stty -echo; PS1='${prompt}' PS2=; echo ready-$((1 + 1))`)
  await shell.terminal.until(screen => /ready-2\n.*[$#] $/.test(screen), commandLimitMs)
  shell.prompt = promptIn(shell.terminal.take())
}

async function promptOf(terminal: Terminal): Promise<string> {
  return promptIn(await terminal.until(screen => promptAtEnd.test(screen), commandLimitMs))
}

function promptIn(screen: string): string {
  return promptAtEnd.exec(screen)?.[0].trim() ?? ''
}

/** Whole lines on the screen after the command, which a shell in a container prints again. */
function linesOf(screen: string, typed: string): string[] {
  const lines = screen.split('\n')
  return lines[0]?.trim() === typed.trim() && typed !== '' ? lines.slice(1) : lines
}

/** What the command printed: without the prompt behind it. A terminal shows Ctrl-C as `^C`. */
function outputOf(screen: string, typed: string): string[] {
  const printed = linesOf(screen.replace(promptAtEnd, '\n').replace(greeting, ''), typed).flatMap(line => {
    const rest = line.replace(/^\^C/, '')
    return rest === '' && line !== '' ? [] : [rest]
  })
  return withoutBlankEnd(printed)
}
