/** What names stand for, asked from inside a container. */
import type { Container } from '../support/index.ts'

/** Addresses that the container finds for a name, in the order of the answer; none for a name that is not found. */
export async function addresses(from: Container, name: string): Promise<string[]> {
  const argv = ['docker', 'exec', from.id, 'nslookup', name]
  const { stdout } = await from.host.exec(argv, { timeoutMs: 15_000 })
  const answer = stdout.replace(/^Address:\s+127\.0\.0\.11\S*$/m, '')
  return [...answer.matchAll(/^Address: (\S+)$/gm)].map(match => match[1] ?? '')
}
