/** The tutorial's groups and rules, to ask about; and how an answer is read. */
import assert from 'node:assert/strict'
import type { RuleRequest } from '../../../src/model/rule.ts'
import type { Answer } from '../../../src/policy/index.ts'
import { createWhyScene, type WhyScene } from './why-scene.ts'

/** The tutorial, chapter 5. */
const rules: Record<string, RuleRequest> = {
  '1': { direction: 'in', protocol: 'tcp', action: 'deny' },
  '2': { direction: 'in', protocol: 'tcp', port: 8888, action: 'allow', priority: 10 },
}

export function tutorial(): WhyScene {
  return createWhyScene(
    { db: { policies: ['p'] }, app: {}, far: { network: 'lan' } },
    { p: rules, q: {} },
    {
      c1: { host: 1, ip: '10.1.2.3' },
      app1: { host: 2, ip: '10.1.2.5', group: 'app' },
      db1: { host: 2, ip: '10.1.2.9', group: 'db' },
      db2: { host: 1, ip: '10.1.2.10', group: 'db' },
      lan1: { host: 1, ip: '10.1.3.5', group: 'far' },
      same: { host: 1, ip: '10.1.2.20' },
    },
  )
}

/** What decides each case, and by which rule. */
export const deciding = ({ ways }: Answer) =>
  ways.flatMap(({ cases }) => cases.map(({ action, rule }) => `${action} ${rule ? `${rule.policy} ${rule.id}` : '-'}`))
/** The answer's one way. */
export const only = ({ ways }: Answer) => {
  const [way, ...others] = ways
  assert.ok(way && others.length === 0)
  return way
}
