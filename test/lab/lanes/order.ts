/** The order of the lab's tests, by the seconds that `npm run test:lab` prints at its end. */
import type { Order } from './plan.ts'

export const order: Order = {
  longest: [
    'like-docker',
    'acceptance',
    'removal',
    'policies',
    'rollback',
    'faults',
    'ipv6',
    'gateway',
    'groups',
    'conflicts',
    'datapath',
    'versions',
    'tutorial',
    'support',
    'driver',
  ],
  // what an issue promises within 1 s or 2 s, programs' own start included
  alone: ['acceptance/01-network-everywhere.test.ts', 'acceptance/09-peer.test.ts'],
}
