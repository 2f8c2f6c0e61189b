/** What a peer says of itself to the others: its name, where its mesh listens, its VTEP, MTU and machine. */
import type { Config } from '../config/parse.ts'
import { machineOf } from '../crdt/identity.ts'
import { errorText } from '../lib/errors.ts'
import { run } from '../lib/exec.ts'
import type { Logger } from '../lib/log.ts'
import type { Replica } from '../replica/replica.ts'
import { underlayMtu } from './underlay.ts'

/** Keeps this peer's own record true: name, address, VTEP, MTU. A newcomer writes it once it knows itself admitted. */
export async function publishSelf(
  replica: Replica,
  { name, vtepAddress, machineId }: Pick<Config, 'name' | 'vtepAddress' | 'machineId'>,
  listen: string,
  log: Logger,
): Promise<() => void> {
  const mtu = await underlayMtu(run, vtepAddress)
  const machine = machineOf(replica.view.meshId, machineId)
  const publish = () => {
    const me = replica.view.member(replica.self)
    if (!me || !replica.isComplete) return
    unsubscribe()
    if (me.mtu === mtu && me.vtepAddress === vtepAddress && me.addresses.join() === listen && me.machine === machine)
      return
    replica
      .write(() => [
        { ...{ kind: 'peer', name, addresses: [listen], vtepAddress, mtu }, ...(machine ? { machine } : {}) },
      ])
      .catch(error => log.error({ err: errorText(error) }, 'own record not written'))
  }
  const unsubscribe = replica.onChange(publish)
  publish()
  return unsubscribe
}
