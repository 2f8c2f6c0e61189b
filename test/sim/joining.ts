/** The join protocol on the virtual network: a request of a host that is no member yet, under an invitation's identity. */
import { errorText, SkeinError } from '../../src/lib/errors.ts'
import { signerOf } from '../../src/lib/keys.ts'
import type { Invitation } from '../../src/mesh/transport.ts'
import type { Life } from './virtual-clock.ts'
import type { VirtualNetwork } from './virtual-network.ts'

interface JoinCall {
  host: string
  life: Life
  invitation: Invitation
  bytes: Uint8Array
  timeoutMs: number
}

export function requestJoinOn(network: VirtualNetwork, call: JoinCall): Promise<Uint8Array> {
  const { host, life, invitation, bytes, timeoutMs } = call
  const holder = signerOf(invitation.seed).key
  const random = network.randomOf(host)
  const { answerLoss, requestLoss } = network.weather
  return new Promise((resolve, reject) => {
    const timeout = () => reject(new SkeinError('timeout', 'the issuer did not answer'))
    network.time.after(timeoutMs, timeout, life)
    const ask = () => {
      const issuer = network.issuerFor(host, invitation)
      if (!issuer || random.chance(requestLoss)) return
      const back = (deliver: () => void) => {
        const arrive = () => life.alive && network.links.linked(host, issuer.host) && deliver()
        if (!random.chance(answerLoss)) network.time.after(network.delay(random), arrive)
      }
      issuer.serveJoin(holder, bytes.slice()).then(
        reply => back(() => resolve(reply.slice())),
        error => back(() => reject(asRefusal(error))),
      )
    }
    network.time.after(network.delay(random), ask)
  })
}

/** What crosses the network of a handler's error: code and text. */
export function asRefusal(error: unknown): SkeinError {
  return new SkeinError(error instanceof SkeinError ? error.code : 'unavailable', errorText(error))
}
