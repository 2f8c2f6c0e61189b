/** Contiv's `GET /info`: who answers and who else is there. No host leads, so each says of itself what Contiv's leader said. */
import type { FastifyInstance } from 'fastify'
import { SkeinError } from '../lib/errors.ts'
import type { ApiDeps } from './deps.ts'
import type { InfoJson } from './types.ts'

export function addInfoRoute(app: FastifyInstance, deps: () => ApiDeps): void {
  app.get('/info', (): InfoJson => {
    const { view, self } = deps().replica
    const me = view.member(self)
    if (!me) throw new SkeinError('unavailable', 'this host is no member of its mesh any more: see skein peer ls')
    // '' of a host that has not said yet where it is reached
    const nodes = view.members().flatMap(({ vtepAddress }) => vtepAddress || [])
    return {
      'local-ip': me.vtepAddress,
      'leader-ip': me.vtepAddress,
      'current-state': 'leader',
      'netplugin-nodes': nodes,
      'netmaster-nodes': nodes,
    }
  })
}
