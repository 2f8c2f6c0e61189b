/**
 * The hosts' engines, asked without Docker's command line: on an emulated machine each start of that takes a second or two.
 * That is what the tutorial's section is typed with.
 */
import assert from 'node:assert/strict'
import { ask, type LabHost } from '../../../lab/index.ts'

/** For an answer, as long as one of the command line has to come. */
const limitMs = 12_000

/** A request to the host's engine; its answer as JSON. Fails with what Docker said; 304 is what is so already. */
export async function engine<T>(host: LabHost, method: string, path: string, body?: object): Promise<T> {
  const options = { timeoutMs: limitMs, ...(body === undefined ? {} : { body }) }
  const { status, text } = await ask(host.engineSocket, method, path, options)
  assert.ok(status < 300 || status === 304, `${host.name}: ${method} ${path}: ${status} ${text.trim()}`)
  return (text === '' ? undefined : JSON.parse(text)) as T
}

/** Names of the networks of Skein's driver that the host's Docker has. */
export async function networksOf(host: LabHost): Promise<string[]> {
  const filters = encodeURIComponent(JSON.stringify({ driver: ['mesh'] }))
  return (await engine<{ Name: string }[]>(host, 'GET', `/networks?filters=${filters}`)).map(({ Name }) => Name)
}
