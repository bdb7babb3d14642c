import { RetryLater } from '../../../core/errors.ts';
import { stepsOf, type RecordsShape } from '../../../definitions/records.ts';
import { shapeRecords } from '../shape-records.ts';
import type { BodyRead } from './body-read.ts';
import type { FormattedText } from './text-of.ts';
import type { TypeRecord } from './typed-values.ts';

/** In XML a list of one is no list, and an empty one no element. */
export function readXml(
  from: FormattedText,
  body: Readonly<Record<string, unknown>>,
  { shape, typed }: { readonly shape: RecordsShape; readonly typed: TypeRecord },
): BodyRead {
  const [root] = stepsOf(shape.path);
  if (root !== undefined && root !== '*' && !Object.hasOwn(body, root))
    throw new RetryLater(
      `expected the root element "${root}", found another (${from.kind}): the path of "records" begins with the root`,
    );
  const single = shape.byKey === undefined;
  const { records, listed, faults } = shapeRecords(body, { ...shape, single }, { emptyIsNone: true });
  return { body, listed, records: records.map((record, i) => (faults.has(i) ? record : typed(record))), faults };
}
