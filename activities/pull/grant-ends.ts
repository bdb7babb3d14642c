import { HeldForApproval, type PartnerDown } from '../../core/errors.ts';
import type { Metrics, StreamLabels } from '../../core/metrics.ts';
import type { OpenedStream } from '../../landing/warehouse.ts';
import type { Deferral } from '../../messages/deferral.ts';
import type { GrantInput, GrantResult } from '../../messages/grant.ts';
import { deferralOf } from './deferral.ts';
import type { PullDeps } from './pull-deps.ts';

/** What a grant has done so far. */
export type GrantFacts = Pick<GrantResult, 'pages' | 'rows' | 'requests'>;

interface EndedGrant {
  readonly deps: PullDeps;
  readonly input: GrantInput;
  readonly opened: OpenedStream;
  readonly metrics: Metrics;
}

/** How a grant ends: with the end of its run, or with a time at which the run goes on and the reason why it waits. */
export class GrantEnds {
  readonly #grant: EndedGrant;
  readonly #labels: StreamLabels;

  constructor(grant: EndedGrant) {
    this.#grant = grant;
    this.#labels = { partner: grant.input.partner, stream: grant.input.stream };
  }

  /** All pages are read: the run ends, or waits for a person to look at what would be deleted. */
  async end(facts: GrantFacts, { nothingToRead }: { readonly nothingToRead: boolean }): Promise<GrantResult> {
    const { deps, opened, metrics } = this.#grant;
    try {
      const report = await deps.warehouse.finishStream({
        stream: deps.access.stream,
        run: opened.run,
        nothingToRead,
      });
      if (report.outcome !== null) metrics.streamEnded(this.#labels, report.outcome);
      await this.#needsNoMore();
      return { state: 'done', report, ...facts };
    } catch (error) {
      if (!(error instanceof HeldForApproval)) throw error;
      // It asks nothing more of the partner, so it keeps nothing for itself meanwhile.
      await this.#needsNoMore();
      return this.defer({ until: error.resumeAt, cause: error.message, reason: 'approval' }, facts);
    }
  }

  async defer(deferral: Deferral, facts: GrantFacts): Promise<GrantResult> {
    const { deps, input, opened, metrics } = this.#grant;
    const { until, cause, reason } = deferral;
    // First the why: whoever ends the pause wakes the streams that stand still for it, and must not find one without a reason.
    if (reason === 'paused' || reason === 'job' || reason === 'approval')
      await deps.warehouse.explainDeferral({ syncId: input.syncId, until, cause, kind: reason });
    await deps.warehouse.deferStream(opened.run, until);
    metrics.deferred(this.#labels, reason);
    return { state: 'deferred', ...deferral, ...facts };
  }

  /** Temporal asks again by itself; until then the ledger says why nothing goes on. */
  async noteOutage({ afterMs = 0, message }: PartnerDown): Promise<void> {
    const { deps, input, opened, metrics } = this.#grant;
    const until = new Date(deps.now() + afterMs).toISOString();
    await deps.warehouse.explainDeferral({ syncId: input.syncId, until, cause: message, kind: 'outage' });
    await deps.warehouse.deferStream(opened.run, until);
    metrics.deferred(this.#labels, 'outage');
  }

  /** The partner has said how often it wants to be asked, and this run has not asked yet. */
  tooEarly(): Deferral | undefined {
    const { deps, input, opened } = this.#grant;
    const { pollHint: hint, report } = opened;
    if (hint === null || report.pages > 0 || input.kind === 'backfill') return undefined;
    return Date.parse(hint.until) > deps.now() ? { until: hint.until, cause: hint.says, reason: 'limit' } : undefined;
  }

  /** Of an error after so many pages; undefined: it is none that a later grant gets over. */
  deferralOf(error: unknown, pages: number): Deferral | undefined {
    const { deps, input } = this.#grant;
    return deferralOf(error, {
      pages,
      idleGrants: input.idleGrants,
      retry: deps.access.stream.partner.retry,
      nowMs: deps.now(),
      random: deps.random(),
    });
  }

  async #needsNoMore(): Promise<void> {
    const { deps, input } = this.#grant;
    if (input.lane === 'critical') await deps.access.limiter.finished?.(input.syncId);
  }
}
