/** Runs the CLI in this process against a real API on a real socket. */
import { main } from '../../../cli/program.ts'
import type { Environment, ProgramName } from '../../../cli/session.ts'
import { createTestPeer, startTestApi, type TestPeer } from '../api/fixture.ts'

export interface Outcome {
  code: number
  stdout: string
  stderr: string
}

export async function runCli(
  name: ProgramName,
  argv: readonly string[],
  env: Environment = {},
  stdin = '',
): Promise<Outcome> {
  let stdout = ''
  let stderr = ''
  const io = {
    stdout: (text: string) => {
      stdout += text
    },
    stderr: (text: string) => {
      stderr += text
    },
    stdin: async () => stdin,
  }
  const code = await main(name, argv, env, io)
  return { code, stdout, stderr }
}

export interface CliPeer {
  peer: TestPeer
  socketPath: string
  skein(...argv: string[]): Promise<Outcome>
  netctl(...argv: string[]): Promise<Outcome>
  stop(): Promise<void>
}

export async function startCliPeer(): Promise<CliPeer> {
  const peer = await createTestPeer()
  const api = await startTestApi({ deps: peer.deps })
  const { socketPath } = api
  const env = { SKEIN_HOST: socketPath }
  return {
    peer,
    socketPath,
    skein: (...argv) => runCli('skein', argv, env),
    netctl: (...argv) => runCli('netctl', argv, env),
    async stop() {
      await api.stop()
      await peer.stop()
    },
  }
}
