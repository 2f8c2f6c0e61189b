/** How bad a network is; drawn once per simulation, calmed at its end. */
import type { Random } from './random.ts'

export interface Weather {
  /** Longest usual delay of a message, ms. */
  delayMs: number
  /** Probability of an unusual delay, and its longest, ms. */
  late: number
  lateMs: number
  /** Probabilities per broadcast and receiver. */
  broadcastLoss: number
  duplication: number
  /** Of the second copy of a doubled broadcast: it comes long after the first, out of any order. */
  echo: number
  /** A receiver passes a broadcast on to a neighbour of its own. */
  relay: number
  /** Probability that a request, or an answer after its handler ran, is lost. */
  requestLoss: number
  answerLoss: number
  /** Probability that a handler is asked the same twice: the asker hears one of the answers. */
  requestEcho: number
  /** Longest time until a host notices that a link is dead, ms. */
  noticeMs: number
}

export const calm: Weather = {
  delayMs: 5,
  late: 0,
  lateMs: 0,
  broadcastLoss: 0,
  duplication: 0,
  echo: 0,
  relay: 0,
  requestLoss: 0,
  answerLoss: 0,
  requestEcho: 0,
  noticeMs: 500,
}

/** Each fault is absent in some simulations and frequent in others. */
export function drawWeather(random: Random): Weather {
  const perhaps = (most: number) => (random.chance(0.35) ? 0 : random.between(0, most))
  return {
    delayMs: random.spread(1, 200),
    late: perhaps(0.3),
    lateMs: random.spread(100, 12_000),
    broadcastLoss: random.chance(0.1) ? 1 : perhaps(0.5),
    duplication: perhaps(0.4),
    echo: perhaps(0.3),
    relay: perhaps(0.3),
    requestLoss: perhaps(0.15),
    answerLoss: perhaps(0.15),
    requestEcho: perhaps(0.1),
    noticeMs: random.spread(50, 10_000),
  }
}
