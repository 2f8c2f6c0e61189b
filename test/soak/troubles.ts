/** When each host was in trouble: its engine or its peer down or on its way up, or a link of it cut. What that explains is no finding. */
import type { Fault } from './faults.ts'

/** After the mending, ms: a connection from before a split ends only then, and Docker asks a plugin that was away after a pause of its own. */
const graceMs = 15_000

/** Of one fault; Infinity while it lasts. */
interface Span {
  readonly fault: Fault
  readonly fromMs: number
  madeMs: number
  untilMs: number
}

/** Times are of the monotonic clock. */
export class Troubles {
  readonly #spans: Span[] = []

  /** Call it before the fault is made, and what it gives once that is done and once all is whole again. */
  begin(fault: Fault): { made(): void; mended(): void } {
    const never = Number.POSITIVE_INFINITY
    const span: Span = { fault, fromMs: performance.now(), madeMs: never, untilMs: never }
    this.#spans.push(span)
    return {
      made: () => {
        span.madeMs = performance.now()
      },
      mended: () => {
        span.untilMs = performance.now() + graceMs
      },
    }
  }

  /** Whether the host was in trouble at any moment of that time. */
  touch(host: string, fromMs: number, untilMs: number): boolean {
    return this.#of(host).some(span => span.fromMs <= untilMs && span.untilMs >= fromMs)
  }

  /** Whether the host's power was being cut then: that ends what runs there, and so also the command that asks Docker. */
  endedCommands(host: string, fromMs: number, untilMs: number): boolean {
    return this.#of(host).some(span => span.fault.endsCommands && span.fromMs <= untilMs && span.madeMs >= fromMs)
  }

  #of(host: string): Span[] {
    return this.#spans.filter(({ fault }) => fault.hosts.includes(host))
  }
}
