/** The order of the lab's tests, by the seconds that `npm run test:lab` prints at its end. */
import type { Order } from './plan.ts'

export const order: Order = {
  longest: [
    'like-docker',
    'acceptance',
    'ipv6',
    'removal',
    'policies',
    'groups',
    'rollback',
    'faults',
    'gateway',
    'versions',
    'conflicts',
    'tutorial',
    'datapath',
    'driver',
    'support',
  ],
  // what is promised within 10 ms, 1 s or 2 s, the programs' own start included, and what has more to do than the machine can
  alone: [
    'acceptance/01-network-everywhere.test.ts',
    'acceptance/09-peer.test.ts',
    'datapath/traffic.test.ts',
    'like-docker/01-names-in-time.test.ts',
    'like-docker/09-burst.test.ts',
  ],
}
