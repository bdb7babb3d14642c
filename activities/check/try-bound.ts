import { DAY } from '../../core/duration.ts';
import { explain } from '../../core/errors.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { Asker, Look } from './asker.ts';
import { boundWithin, type Bound } from './bound.ts';
import { failedRequest, isRefused } from './failed-request.ts';
import { doubtful, none, unverified, wrong, type Findings } from './findings.ts';
import { rangeFrom } from './first-position.ts';
import { judgeBound } from './judge-bound.ts';
import { sampledPage, type SampledPage } from './sample.ts';

export interface TriedBound {
  /** The answer to a request with a bound inside of what was seen; null: there was none. */
  readonly bound: (SampledPage & { readonly from: string }) | null;
  readonly findings: Findings;
}

const without = (findings: Findings): TriedBound => ({ bound: null, findings });

/** Asks once by time, and looks whether the partner filters. */
export async function tryBound(
  stream: CompiledStream,
  asker: Asker,
  { looks, nowMs }: { readonly looks: readonly [Look, ...Look[]]; readonly nowMs: number },
): Promise<TriedBound> {
  const { incremental } = stream.definition;
  if (incremental === undefined || looks[0].page.skipped) return without(none);
  let bound: Bound | undefined;
  try {
    bound = boundWithin(stream, looks, nowMs);
    if (bound === undefined)
      return without(
        unverified(
          'bound',
          `no two records have different times at "${incremental.field}", so whether the partner filters by time was not tried`,
        ),
      );
    if (bound.unsaid) return without(wrong('bound-not-sent', 'the request is the same whatever time is asked for'));
    const answer = await asker.ask(bound.position, 1);
    return {
      bound: { from: bound.from, ...sampledPage(answer) },
      findings: judgeBound(stream, bound, { seen: looks, answer }),
    };
  } catch (error) {
    const what = bound === undefined ? 'asking by time' : `asking for what changed from ${bound.from} on`;
    if (bound !== undefined && isRefused(error) && (await answersOf(stream, asker, { bound, nowMs })))
      return without(
        doubtful(
          'bound-failed',
          `${what} failed: ${explain(error)}. What changed within the last day can be asked for: the partner takes no times that are so old, so a pause that is as long cannot be caught up`,
        ),
      );
    return without(failedRequest(error, { about: 'bound', code: 'bound-failed', what }));
  }
}

/** Whether the partner answers where the time is recent, as it is each night. */
async function answersOf(
  stream: CompiledStream,
  asker: Asker,
  { bound, nowMs }: { readonly bound: Bound; readonly nowMs: number },
): Promise<boolean> {
  const recentMs = nowMs - DAY;
  if (Date.parse(bound.from) > recentMs - DAY) return false;
  return asker.ask({ ...bound.position, range: rangeFrom(stream, recentMs, nowMs) }, 1).then(
    ({ page }) => page.refused === undefined,
    () => false,
  );
}
