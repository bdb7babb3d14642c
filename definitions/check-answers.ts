import type { StreamDefinition } from './definition.ts';
import type { Path, Problem } from './problem.ts';
import { keptFields, shapeOf, type RecordsShape } from './records.ts';

/** Whether what a stream says of its answers can be read so. */
export function checkAnswers(stream: StreamDefinition, path: Path): readonly Problem[] {
  return checkShape(shapeOf(stream.records), [...path, 'records']);
}

function checkShape({ byKey, single, columns, header, explode, keep }: RecordsShape, path: Path): Problem[] {
  const problems: Problem[] = [];
  const refuse = (name: string, says: string): void => void problems.push({ path: [...path, name], says });
  if (single && byKey !== undefined)
    refuse('single', 'with byKey an object is read as many records, one for each key; leave one of the two out');
  if (header && columns !== undefined)
    refuse('header', 'with columns the names are given already; leave one of the two out');
  if (header && byKey !== undefined)
    refuse('header', 'an object by its keys has no first row; leave one of the two out');
  if (keep !== undefined && explode === undefined)
    refuse('keep', 'only with explode, whose records take these fields along; write explode: PATH, or leave it out');
  const names = keptFields(keep).map(([name]) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    refuse('keep', `two fields would be called "${twice}"; name them yourself, as keep: { new_name: path }`);
  return problems;
}
