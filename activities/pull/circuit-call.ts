import { SECOND } from '../../core/duration.ts';
import { PartnerDown, RetryLater, type Coordinates } from '../../core/errors.ts';
import { describeTrouble } from '../../core/outage.ts';
import type { Circuit } from '../../limits/circuit/circuit.ts';
import type { GrantedPermit } from '../../limits/permits/limiter.ts';

export interface CircuitCallDeps {
  /** Absent: the call is nobody else's business. */
  readonly circuit?: Pick<Circuit, 'failed' | 'succeeded' | 'abandoned'>;
  readonly now: () => number;
}

/** What became of one call, told to the circuit of its credential. */
export class CircuitCall {
  readonly #deps: CircuitCallDeps;
  readonly #permit: Pick<GrantedPermit, 'probe'>;
  readonly #at: Coordinates;
  #told = false;

  constructor(deps: CircuitCallDeps, permit: Pick<GrantedPermit, 'probe'>, at: Coordinates) {
    this.#deps = deps;
    this.#permit = permit;
    this.#at = at;
  }

  /** The partner is well, whatever it thinks of the request. */
  async succeeded(): Promise<void> {
    this.#told = true;
    await this.#deps.circuit?.succeeded(this.#permit.probe);
  }

  /** By the fault of the partner, which itself asked to wait for `afterMs`. Throws when more than this one call has to wait. */
  async failed(words: string, afterMs = 0): Promise<void> {
    const { circuit, now } = this.#deps;
    this.#told = true;
    if (circuit === undefined) return;
    const { state, waitMs, since } = await circuit.failed({ error: words, afterMs, probe: this.#permit.probe ?? null });
    if (state !== 'closed') {
      // It opens after the first failures, not with them; and the clocks may differ.
      const sinceMs = Math.max(now() - Date.parse(since), SECOND);
      const partner = this.#at.partner ?? '';
      throw new PartnerDown(describeTrouble({ partner, sinceMs, nextMs: waitMs, lastError: words }), {
        afterMs: waitMs,
        at: this.#at,
      });
    }
    if (waitMs > 0)
      throw new RetryLater(`${words}; many calls fail, so the next one waits`, { afterMs: waitMs, at: this.#at });
  }

  /** A probe that was never sent, or broken off by us, tells nothing: another call may be one at once. */
  async end(): Promise<void> {
    const { probe } = this.#permit;
    if (!this.#told && probe !== undefined) await this.#deps.circuit?.abandoned(probe);
  }
}
