import type { StreamDefinition } from './definition.ts';
import { formatOf, type CsvFormat } from './formats.ts';
import type { Path, Problem } from './problem.ts';
import { keptFields, shapeOf, type RecordsShape } from './records.ts';

/** Whether what a stream says of its answers can be read so. */
export function checkAnswers(stream: StreamDefinition, path: Path): readonly Problem[] {
  const format = formatOf(stream.format);
  const shape = shapeOf(stream.records);
  return [
    ...checkSource(stream, path),
    ...checkShape(shape, [...path, 'records']),
    ...(format.type === 'csv' ? checkCsv(stream, format, shape, path) : []),
  ];
}

function checkSource({ source, format, compression, records }: StreamDefinition, path: Path): Problem[] {
  if (source === undefined) return [];
  const told = { format: format !== undefined, compression: compression !== 'none', records: records !== '' };
  return Object.entries(told)
    .filter(([, isTold]) => isTold)
    .map(([name]) => ({
      path: [...path, name],
      says: 'the stream has a source, which says how answers are read; leave one of the two out',
    }));
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

function checkCsv(stream: StreamDefinition, format: CsvFormat, shape: RecordsShape, path: Path): Problem[] {
  const { delimiter, quote, columns = [] } = format;
  const problems: Problem[] = [];
  const { missing: _missing, single: _single, path: at, header, ...others } = shape;
  if (at.length > 0 || header || Object.values(others).some((value) => value !== undefined))
    problems.push({
      path: [...path, 'records'],
      says: 'in CSV each row is a record; leave records out, but for missing: empty',
    });
  if (delimiter === quote)
    problems.push({
      path: [...path, 'format', 'delimiter'],
      says: 'the delimiter is the quote as well; write quote: false',
    });
  const twice = columns.find((name, i) => columns.indexOf(name) !== i);
  if (twice !== undefined)
    problems.push({
      path: [...path, 'format', 'columns'],
      says: `two columns are called "${twice}"; give each a name of its own`,
    });
  const lacking = stream.primaryKey.find(
    (name) => columns.length > 0 && !columns.includes(name) && name !== stream.parent?.include,
  );
  if (lacking !== undefined)
    problems.push({
      path: [...path, 'format', 'columns'],
      says: `the primary key's field "${lacking}" is not among them; add it`,
    });
  return problems;
}
