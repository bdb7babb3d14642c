import type { PlaceInTarget } from '../../messages/apply-target.ts';
import type { TargetStore } from '../../store/target-store.ts';
import type { Target, TargetTable } from '../../targets/target.ts';

/** Another table may be live than the one that the store was told of, and others may be gone. */
export async function noteLive(
  store: Pick<TargetStore, 'noteLive'>,
  { target, live, place }: { readonly target: Target; readonly live: TargetTable; readonly place: PlaceInTarget },
): Promise<void> {
  const placed = await target.placed(live);
  if (placed.live === undefined) return;
  await store.noteLive({ ...place, table: placed.live.id, tables: Object.values(placed).map(({ id }) => id) });
}
