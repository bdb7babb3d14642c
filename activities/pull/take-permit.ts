import { SECOND } from '../../core/duration.ts';
import { PartnerDown, Throttled } from '../../core/errors.ts';
import type { Failpoint } from '../../core/failpoint.ts';
import type { Lane } from '../../core/names.ts';
import type { PageRequest } from '../../core/page.ts';
import type { WaitHandle } from '../../core/wait-clock.ts';
import { KEPT_FOR_CRITICAL, type GrantedPermit, type Limiter, type Work } from '../../limits/permits/limiter.ts';

/** A worker slot waits this long at the most; what takes longer goes to a durable timer of the workflow. */
export const MAX_SLOT_WAIT_MS = 5 * SECOND;

const KEPT_WAIT_MS = 10 * SECOND;

/** Waits for leave to send one request. */
export async function takePermit(
  deps: {
    readonly limiter: Limiter;
    readonly failpoint: Failpoint;
    readonly signal: AbortSignal;
    readonly now: () => number;
    readonly work?: () => Work | undefined;
  },
  asked: {
    readonly partner: string;
    readonly request: PageRequest;
    readonly lane: Lane;
    readonly giveUpAtMs: number;
    readonly wait?: WaitHandle | undefined;
  },
): Promise<GrantedPermit> {
  await deps.failpoint('permit.before');
  const permit = await deps.limiter.ask({
    method: asked.request.method,
    url: asked.request.url,
    lane: asked.lane,
    work: deps.work?.(),
    signal: deps.signal,
    patienceMs: Math.max(0, asked.giveUpAtMs - deps.now()),
    departs: true,
    onWait: asked.wait?.for,
  });
  if (permit.granted) return permit;
  if (permit.down === true)
    throw new PartnerDown(`${asked.partner} is not answering: ${permit.cause}`, {
      afterMs: permit.waitMs,
      at: { partner: asked.partner },
    });
  // The critical work may end at any time; but nobody asks for it all day, grant after grant.
  const waitMs = permit.cause.endsWith(KEPT_FOR_CRITICAL) ? Math.max(permit.waitMs, KEPT_WAIT_MS) : permit.waitMs;
  throw new Throttled(`waiting for the limit: ${permit.cause}`, {
    resumeAt: new Date(deps.now() + waitMs).toISOString(),
    ...(permit.waitsFor === undefined ? {} : { waitsFor: permit.waitsFor }),
  });
}
