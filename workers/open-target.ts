import { STORE, type TargetDefinition } from '../definitions/targets.ts';
import type { Reached } from '../targets/apply-points.ts';
import type { Target } from '../targets/target.ts';

/** The kinds of warehouses that there are. Each is loaded when it is first needed. */
export async function openTarget(
  name: string,
  definition: TargetDefinition,
  owner: string,
  reached: Reached = () => {},
): Promise<Target> {
  if (definition.type === 'duckdb') {
    const { openDuckdb } = await import('../targets/duckdb/open-duckdb.ts');
    const { path, memoryLimit, threads, timeout: timeoutMs } = definition;
    return openDuckdb({ name, path, owner, memoryLimit, threads, timeoutMs, reached });
  }
  const { openPostgres } = await import('../targets/postgres/open-postgres.ts');
  const { url, timeout: timeoutMs } = definition;
  // The store has the cursors among its own tables, which are its owner's.
  const schema = name === STORE ? { schema: owner } : {};
  return openPostgres({ name, url, owner, timeoutMs, reached, ...schema });
}
