import type { CompiledStream } from '../../definitions/compiled.ts';
import { comparableStreams } from '../../definitions/comparable-streams.ts';
import type { ReconcileReport } from '../../messages/reconcile.ts';
import type { PlannedReconcile, SlotOfReconcile } from '../../messages/scheduled-reconcile.ts';
import { reported, type ReconcileDeps } from './reconcile.ts';
import { streamOf } from './stream-of.ts';

/** What a slot compares, and how far it has come: its ids are the same whenever it is run. */
export async function planScheduledReconcile(
  deps: Pick<ReconcileDeps, 'names' | 'partners' | 'reconciler'>,
  slot: SlotOfReconcile,
): Promise<readonly PlannedReconcile[]> {
  const { partner, name, level, lastMs, sample, slotMs } = slot;
  const range = lastMs === null ? null : { from: iso(slotMs - lastMs), to: iso(slotMs) };
  const streams = await streamsOf(deps, slot, range);
  const planned: PlannedReconcile[] = [];
  for (const { name: stream } of streams) {
    const label = `${name}-${iso(slotMs).slice(0, 19).replaceAll(':', '-')}Z`;
    const reconciliation = deps.names.reconcileId({ partner, stream, label });
    const done = await reconcileOutcome(deps, { reconciliation });
    planned.push({ reconciliation, input: { partner, stream, level, range, sample }, done });
  }
  return planned;
}

const iso = (ms: number): string => new Date(ms).toISOString();

/** Parents first: records of children are asked for by the parents that the store has. */
async function streamsOf(
  { partners }: Pick<ReconcileDeps, 'partners'>,
  { partner, streams, level, sample }: SlotOfReconcile,
  range: PlannedReconcile['input']['range'],
): Promise<readonly CompiledStream[]> {
  const all = await partners.streams(partner);
  const chosen =
    streams.length === 0
      ? comparableStreams(partner, all, { level, range, sample })
      : await Promise.all(streams.map((stream) => streamOf(partners, { partner, stream })));
  const depth = (stream: CompiledStream | undefined): number => {
    const parent = stream?.definition.parent?.stream;
    return parent === undefined ? 0 : 1 + depth(all.get(parent));
  };
  return chosen.toSorted((a, b) => depth(a) - depth(b));
}

/** null: it has not ended well. */
export async function reconcileOutcome(
  { reconciler }: Pick<ReconcileDeps, 'reconciler'>,
  { reconciliation }: { readonly reconciliation: string },
): Promise<ReconcileReport | null> {
  const found = await reconciler.find(reconciliation);
  return found?.state === 'done' ? reported(found) : null;
}
