import { explain, HeldForApproval, NotReady, PartnerDown, Throttled } from '../../core/errors.ts';
import type { GrantLog, OpenGrant } from '../../core/grant-log.ts';
import type { GrantWait, PermitWait } from '../../core/grant-waits.ts';
import type { OpenedStream } from '../../landing/warehouse.ts';
import type { Deferral } from '../../messages/deferral.ts';
import type { GrantResult } from '../../messages/grant.ts';
import type { GrantFacts } from './grant-ends.ts';
import type { PullContext } from './pull-deps.ts';

/** How far a grant is, as it ends. */
interface GrantAtEnd {
  readonly facts: GrantFacts;
  readonly waited: Partial<Record<PermitWait, number>>;
  /** What has kept it from going on; undefined: nothing has. */
  readonly trouble: unknown;
}

/** A grant as the table of grants has it. */
export class NotedGrant {
  readonly #open: OpenGrant | undefined;
  readonly #context: PullContext;
  readonly #now: () => number;

  constructor(
    log: GrantLog | undefined,
    {
      opened,
      context,
      now,
    }: { readonly opened: OpenedStream; readonly context: PullContext; readonly now: () => number },
  ) {
    const givenAtMs = now();
    this.#context = context;
    this.#now = now;
    this.#open = log?.begin({
      ...context.writer,
      streamId: opened.run.streamId,
      runNo: opened.run.runNo,
      askedAtMs: context.askedAtMs ?? givenAtMs,
      givenAtMs,
      reopened: opened.reopened === true,
    });
  }

  async ended(result: GrantResult, { facts, waited, trouble }: GrantAtEnd): Promise<void> {
    const deferral = result.state === 'deferred' ? result : undefined;
    await this.#open?.end({
      endedAtMs: this.#now(),
      ended: result.state,
      ...noted(facts),
      waited,
      waitsFor: deferral === undefined ? null : waitOf(deferral, trouble),
      until: deferral?.until ?? null,
      cause: deferral?.cause ?? null,
    });
  }

  /** Temporal decides when it is tried again, and whether. */
  async failed(error: unknown, { facts, waited }: Omit<GrantAtEnd, 'trouble'>): Promise<void> {
    const stopped = this.#context.signal.aborted;
    await this.#open?.end({
      endedAtMs: this.#now(),
      ended: stopped ? 'stopped' : 'failed',
      ...noted(facts),
      waited,
      waitsFor: stopped ? 'lost' : waitAfter(error),
      until: null,
      cause: stopped ? null : explain(error),
    });
  }
}

const noted = ({ pages, rows, requests }: GrantFacts): { pages: number; records: number; requests: number } => ({
  pages,
  records: rows,
  requests,
});

function waitOf({ reason }: Deferral, trouble: unknown): GrantWait {
  // Where nothing went wrong, the partner had said before how often it wants to be asked.
  if (reason === 'limit') return trouble === undefined ? 'partner' : waitAfter(trouble);
  if (reason === 'failure') return waitAfter(trouble);
  return reason;
}

/** What a run waits for whose grant has met this. */
export function waitAfter(trouble: unknown): GrantWait {
  if (trouble instanceof Throttled) return trouble.waitsFor;
  if (trouble instanceof PartnerDown) return 'outage';
  if (trouble instanceof NotReady) return 'job';
  if (trouble instanceof HeldForApproval) return 'approval';
  return 'retry';
}
