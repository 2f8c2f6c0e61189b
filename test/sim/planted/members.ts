/** Members that say of each other what is not so. */
import type { Planted } from './planted.ts'
import { seenAs } from './seen-as.ts'

export const memberFaults: readonly Planted[] = [
  {
    what: 'who acknowledges a removal names nothing of what it holds of the target (R9 a)',
    parts: {
      replicaForMembers: replica =>
        seenAs(replica, view => ({
          held: writer => (writer === replica.self ? view.held(writer) : 0),
        })),
    },
    breaks: /I1|I2|I3|R7|promise 4/,
    budget: 80,
  },
  {
    what: 'a removal that is ended before all have acknowledged it (R9)',
    parts: {
      replicaForMembers: replica =>
        seenAs(replica, view => ({
          removals: () =>
            view.removals().map(removal => {
              if (removal.outcome !== 'undecided' || removal.starter !== replica.self || removal.complete)
                return removal
              return {
                ...removal,
                isMajority: true,
                waitingFor: [],
                complete: { acks: [], cut: removal.targets.map(({ key }) => view.held(key)) },
              }
            }),
        })),
    },
    breaks: /I1|I2|I3|R7|promise 4/,
    budget: 80,
  },
]
