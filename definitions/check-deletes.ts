import type { StreamDefinition } from './definition.ts';
import type { Path, Problem } from './problem.ts';

/** Whether what a stream says of deletes can be kept. */
export function checkDeletes({ deletes, disposition, primaryKey }: StreamDefinition, path: Path): readonly Problem[] {
  if (deletes === undefined) return [];
  const at = [...path, 'deletes'];
  const problems: Problem[] = [];
  if (disposition !== 'merge')
    problems.push({
      path: at,
      says:
        disposition === 'replace'
          ? 'a `replace` shows what the last complete listing had, and nothing else: leave `deletes` out, or use disposition: merge'
          : 'an `append` keeps every record that came, also one that says that another is gone: use disposition: merge',
    });
  if (primaryKey.length === 0) problems.push({ path: at, says: 'without a primaryKey nobody can tell what is gone' });
  if (deletes.field === undefined && (deletes.equals !== undefined || deletes.in !== undefined))
    problems.push({ path: [...at, 'field'], says: 'missing; expected the field that `equals` and `in` speak of' });
  if (deletes.equals !== undefined && deletes.in !== undefined)
    problems.push({ path: [...at, 'equals'], says: 'write either `equals` or `in`' });
  return problems;
}
