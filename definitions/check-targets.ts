import { isAbsolute, join } from 'node:path';
import { checkCompares } from './compare-times.ts';
import type { Problem } from './problem.ts';
import type { TargetDefinition } from './targets.ts';

type Targets = Readonly<Record<string, TargetDefinition>>;

/** Paths of DuckDB files are those of the folder that `targets.yaml` is in, wherever the process was started. */
export const placedIn = (folder: string, target: TargetDefinition): TargetDefinition =>
  target.type === 'duckdb' && !isAbsolute(target.path) ? { ...target, path: join(folder, target.path) } : target;

/** What the shape alone cannot tell. */
export function checkTargets(targets: Targets, folder: string): readonly Problem[] {
  const owners = new Map<string, string>();
  const paths = Object.entries(targets).flatMap(([name, target]) => {
    if (target.type !== 'duckdb') return [];
    const path = ['targets', name, 'path'];
    if (/^([a-z][a-z0-9_+.-]+)?:/i.test(target.path) || target.path.includes('?'))
      return [
        {
          path,
          says: 'expected the path of a file on this machine; remote databases and :memory: are not supported (docs/duckdb.md)',
        },
      ];
    const placed = placedIn(folder, target);
    const file = placed.type === 'duckdb' ? placed.path : '';
    const owner = owners.get(file);
    owners.set(file, owner ?? name);
    return owner === undefined
      ? []
      : [{ path, says: `target "${owner}" has this file already; give each target a file of its own` }];
  });
  return [...paths, ...checkCompares(targets)];
}
