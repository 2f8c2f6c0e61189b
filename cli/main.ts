/** Entry of `skein` and `netctl`: one program, which behaves after the name it was started under. */
import { basename } from 'node:path'
import { text } from 'node:stream/consumers'
import { main } from './program.ts'

// a reader that has seen enough (`| head`) is no error
process.stdout.on('error', error => {
  if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
})

const name = basename(process.argv[1] ?? '').startsWith('netctl') ? 'netctl' : 'skein'
const exitCode = await main(name, process.argv.slice(2), process.env, {
  stdout: line => process.stdout.write(line),
  stderr: line => process.stderr.write(line),
  stdin: () => text(process.stdin),
})
// `lab exec` has set the exit code of the program that it ran
if (exitCode !== 0) process.exitCode = exitCode
