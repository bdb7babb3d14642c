import type { CompiledFetch, CompiledNeed, CompiledStream } from '../../definitions/compiled.ts';
import type { GrantInput } from '../../messages/grant.ts';
import type { PartnerAccess } from '../access.ts';
import { FetchByKey } from './fetch-by-key.ts';
import type { PullContext, PullDeps } from './pull-deps.ts';
import type { FetchDeps } from './send-one.ts';

export interface FetchNeedsDeps extends Pick<PullDeps, 'warehouse' | 'accessOf' | 'failpoint' | 'now'> {
  /** What a call of this stream needs, within the permits, the lane and the pause of the grant. */
  readonly callsOf: (access: PartnerAccess) => FetchDeps;
  readonly mayGoOn: () => boolean;
  /** An answer is done with. */
  readonly onAnswer: () => void;
}

interface Waiting {
  readonly stream: CompiledStream;
  /** Of the run whose records wait. */
  readonly streamId: number;
  readonly input: GrantInput;
  readonly writer: PullContext['writer'];
}

/**
 * Asks the partner for what a run's records wait for, each by one call, and commits what comes to the stream that it belongs to: in a run and
 * pages of its own, which move no watermark. What came before an end of the worker is there already, and is not asked for again.
 */
export async function fetchNeeds(deps: FetchNeedsDeps, waiting: Waiting): Promise<'more' | 'done'> {
  const { stream, streamId, input } = waiting;
  const { warehouse } = deps;
  const { syncId } = input;
  await warehouse.forgetAsked({ partner: input.partner, syncId });
  const open = new Map((await warehouse.openFetches(syncId)).map((run) => [run.stream, run.syncId]));
  for (const need of stream.relations?.needs ?? []) {
    if (need.fetch === undefined) continue;
    const values = await warehouse.lackingNeeds({ stream, streamId, need, syncId });
    if (values.length === 0 && !open.has(need.stream)) continue;
    const access = await deps.accessOf(need.stream);
    const bringing = { ...waiting, access, need, fetch: need.fetch };
    if ((await bring(deps, bringing, { values, begun: open.get(need.stream) })) === 'more') return 'more';
    open.delete(need.stream);
  }
  return 'done';
}

interface Bringing extends Waiting {
  readonly access: PartnerAccess;
  readonly need: CompiledNeed;
  readonly fetch: CompiledFetch;
}

/** `begun`: a run that was begun for it, and whose end a worker did not live to see. */
async function bring(
  deps: FetchNeedsDeps,
  { access, need, fetch, input, writer }: Bringing,
  { values, begun }: { readonly values: readonly string[]; readonly begun: string | undefined },
): Promise<'more' | 'done'> {
  const { partner, lane, syncId } = input;
  const one = new FetchByKey(
    { ...deps, calls: deps.callsOf(access) },
    {
      stream: access.stream,
      fetch,
      field: need.field,
      lane,
      writer,
      // Its requests are counted in the run that asks.
      runId: (n) => `fetch/${syncId}/${need.stream}${n === 1 ? '' : `/${n}`}`,
    },
  );
  if (begun !== undefined) await one.open(begun);
  for (const value of values) {
    if (!deps.mayGoOn()) return 'more';
    const { status, refused } = await one.bring(value);
    const place = { partner, needed: need.stream, field: need.field };
    await deps.warehouse.noteAsked({ ...place, value, status, refused, syncId });
    deps.onAnswer();
  }
  await one.end();
  return 'done';
}
