/** What passes between this peer and the members: takes in what they send, asks for what is missing, answers what they ask. */
import type { Vector } from '../crdt/vector.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { Agreement } from './agreement.ts'
import { type AnswerDeps, answerSync } from './answer-sync.ts'
import { Askers } from './askers.ts'
import { askOf } from './asking.ts'
import type { BatchLog } from './batch-log.ts'
import type { Completeness } from './completeness.ts'
import type { Contests } from './contests.ts'
import type { ReplicaDeps } from './deps.ts'
import { createFencedTurns, type FencedTurns } from './fenced-turns.ts'
import { Handover } from './handover.ts'
import { createHearing } from './hearing.ts'
import { HiddenTips } from './hidden-tips.ts'
import type { Received } from './intake.ts'
import { Neighbours } from './neighbours.ts'
import type { Orphans } from './orphans.ts'
import type { RightToWrite } from './right-to-write.ts'
import { syncProtocol } from './sync-messages.ts'
import { Turns } from './turns.ts'

/** So long a member may keep others from being pulled from, ms. */
const pullTurnMs = 5000

export interface ExchangeDeps {
  log: BatchLog
  orphans: Pick<Orphans, 'all' | 'hash' | 'version' | 'besides' | 'contested'>
  contests: Pick<Contests, 'connected' | 'owedTo' | 'owes'>
  agreement: Pick<Agreement, 'stateHash' | 'compared' | 'synchronised'>
  completeness: Pick<Completeness, 'begin' | 'look' | 'isComplete'>
  right: Pick<RightToWrite, 'isOutdated' | 'close'>
  /** Takes in what a member sent. */
  receive(from: PeerKey, batches: readonly Uint8Array[]): Promise<Received>
  /** Takes what of these units a member gave that nobody else may have. */
  adopt(from: PeerKey, units: readonly Uint8Array[]): Promise<void>
}

export class Exchange {
  readonly neighbours: Neighbours
  readonly #fencedTurns: FencedTurns
  readonly #shownListeners = new Set<(peer: PeerKey, vector: Vector) => void>()

  /** Listens from now on; asks nobody before `start`. */
  constructor(
    { transport, clock, random, log: logger }: Pick<ReplicaDeps, 'transport' | 'clock' | 'random' | 'log'>,
    deps: ExchangeDeps,
  ) {
    const { log, agreement, completeness, right, receive, orphans, contests, adopt } = deps
    const handover = new Handover(orphans, contests, logger)
    const hidden = new Map<PeerKey, HiddenTips>()
    const turns = new Turns(clock, pullTurnMs)
    const askers = new Askers(clock)
    this.#fencedTurns = createFencedTurns(
      clock,
      () => right.isOutdated,
      () => transport.reconnect(),
    )
    this.neighbours = new Neighbours({
      ...{ transport, log, agreement, clock, random, logger, receive },
      hidden: peer => hidden.get(peer) ?? new HiddenTips(log),
      rolledBack: (_, counter) => void right.close({ kind: 'members', counter }),
      shown: (peer, vector) => {
        completeness.begin(vector)
        this.#shown(peer, vector)
      },
      shownTo: peer => askers.shownTo(peer),
      pulled: of => completeness.look(of),
      inTurn: pull => turns.run(pull),
      synchronised: (peer, apart) => {
        agreement.synchronised(peer, apart)
        return handover.give(peer, askOf(transport, peer), apart)
      },
    })
    const answering: AnswerDeps = {
      ...{ log, orphans, agreement },
      adopt: async (peer, units) => {
        await adopt(peer, units)
        if (contests.owes(peer)) this.neighbours.syncSoon(peer)
      },
      isComplete: () => completeness.isComplete,
      asked: (peer, vector) => askers.asked(peer, vector),
      offered: (peer, offer) => this.neighbours.offered(peer, offer),
      shown: (peer, vector) => {
        this.neighbours.equal(peer)
        this.#shown(peer, vector)
      },
    }
    transport.handle(syncProtocol, (...asked) => answerSync(answering, ...asked))
    const behind = (from: PeerKey) => void this.neighbours.syncSoon(from)
    transport.onBroadcast(createHearing({ receive, behind, log: logger }))
    transport.onConnect(peer => {
      handover.connected(peer)
      contests.connected(peer)
      hidden.set(peer, new HiddenTips(log))
      this.neighbours.connected(peer)
    })
  }

  /** Called when a member was seen to hold exactly this. */
  onShown(listener: (peer: PeerKey, vector: Vector) => void): void {
    this.#shownListeners.add(listener)
  }

  start(): void {
    this.neighbours.start()
    this.#fencedTurns.start()
  }

  stop(): void {
    this.neighbours.stop()
    this.#fencedTurns.stop()
  }

  #shown(peer: PeerKey, vector: Vector): void {
    for (const listener of this.#shownListeners) listener(peer, vector)
  }
}
