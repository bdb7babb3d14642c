import { missingField } from './check-parents.ts';
import { recordField } from './columns.ts';
import type { Partner, StreamDefinition } from './definition.ts';
import type { JsonSchema } from './json-schema.ts';
import type { Path, Problem } from './problem.ts';
import { fieldsBy } from './requires.ts';
import { bounds, listOf, type Limit, type Rule } from './rules.ts';
import { usableSchema } from './usable-schema.ts';

type Streams = Partner['streams'];

/** Whether what the streams say of their ledgers can be looked at. */
export const checkRules = (streams: Streams): readonly Problem[] =>
  Object.entries(streams).flatMap(([name, stream]) => [
    ...checkImmutable(stream, ['streams', name, 'immutable']),
    ...checkKeyed(stream, ['streams', name, 'rules']),
    ...Object.entries(stream.rules ?? {}).flatMap(([rule, definition]) =>
      checkRule({ streams, stream, rule: definition, path: ['streams', name, 'rules', rule] }),
    ),
  ]);

function checkImmutable({ immutable, disposition, primaryKey, deletes }: StreamDefinition, path: Path): Problem[] {
  if (immutable !== true) return [];
  if (disposition !== 'merge' || primaryKey.length === 0)
    return [
      { path, says: 'only a stream with disposition: merge and a primaryKey can tell that a record has changed' },
    ];
  return deletes === undefined
    ? []
    : [{ path, says: 'a record that can be deleted, and come again, is not immutable; leave out deletes, or this' }];
}

function checkKeyed({ rules, disposition, primaryKey }: StreamDefinition, path: Path): Problem[] {
  return rules === undefined || (disposition === 'merge' && primaryKey.length > 0)
    ? []
    : [{ path, says: 'rules hold for the rows of a stream with disposition: merge and a primaryKey' }];
}

interface Checked {
  readonly streams: Streams;
  readonly stream: StreamDefinition;
  readonly rule: Rule;
  readonly path: Path;
}

function checkRule({ streams, stream, rule, path }: Checked): Problem[] {
  const { onePer, sum, per } = rule;
  const limits = bounds.flatMap((how) => (rule[how] === undefined ? [] : [[how, rule[how]] as const]));
  if ((onePer === undefined) === (sum === undefined))
    return [{ path, says: 'expected either onePer: FIELD, or sum: FIELD with per and is, atMost or atLeast' }];
  if (onePer !== undefined && (per !== undefined || limits.length > 0))
    return [{ path, says: 'onePer stands by itself; per, is, atMost and atLeast belong to a sum' }];
  if (sum !== undefined && (per === undefined || limits.length === 0))
    return [{ path, says: 'a sum needs per: FIELD, and is, atMost or atLeast' }];
  const json = usableSchema(stream)?.json;
  if (json === undefined) return [];
  return [
    ...listOf(onePer ?? per).flatMap((field) =>
      checkField({ stream, json, field, path: [...path, onePer === undefined ? 'per' : 'onePer'], sums: false }),
    ),
    ...(sum === undefined ? [] : checkField({ stream, json, field: sum, path: [...path, 'sum'], sums: true })),
    ...limits.flatMap(([how, limit]) => checkLimit(limit, { streams, stream, rule, path: [...path, how] })),
  ];
}

interface Field {
  readonly stream: StreamDefinition;
  readonly json: JsonSchema;
  readonly field: string;
  readonly path: Path;
  /** It is summed or compared with a sum. */
  readonly sums: boolean;
}

function checkField({ stream, json, field, path, sums }: Field): Problem[] {
  const found = recordField(stream, json, field);
  if (found === undefined || found.path.length > 1) return [{ path, says: missingField(field, json, 'the schema') }];
  if (stream.transforms?.[field] !== undefined)
    return [
      { path, says: `field "${field}" has a transform, so its column does not hold what came; name another field` },
    ];
  if (sums && found.type !== 'integer' && found.type !== 'number')
    return [{ path, says: `field "${field}" is of type ${found.type}; a sum is one of numbers` }];
  return !sums && (found.type === 'json' || found.type === 'boolean')
    ? [{ path, says: `field "${field}" is of type ${found.type}; name a text, number or time` }]
    : [];
}

/** The limit is that of the one record that all of them need, by its key. */
function checkLimit(limit: Limit, { streams, stream, rule, path }: Checked): Problem[] {
  if (typeof limit !== 'object') return [];
  const need = Object.hasOwn(stream.requires ?? {}, limit.need) ? stream.requires?.[limit.need] : undefined;
  if (need === undefined)
    return [
      {
        path: [...path, 'need'],
        says: `there is no need "${limit.need}"; those of the stream are ${Object.keys(stream.requires ?? {}).join(', ') || 'none: add requires'}`,
      },
    ];
  if (need.field !== undefined)
    return [
      {
        path: [...path, 'need'],
        says: `"${limit.need}" names its record by a field, which several may have; only one by key has a limit`,
      },
    ];
  if (JSON.stringify(fieldsBy(need)) !== JSON.stringify(listOf(rule.per)))
    return [
      {
        path: [...path, 'need'],
        says: `expected the sum to be per ${fieldsBy(need).join(', ')}, which names the record of "${limit.need}"`,
      },
    ];
  const needed = Object.hasOwn(streams, need.stream) ? streams[need.stream] : undefined;
  const json = needed && usableSchema(needed)?.json;
  return needed === undefined || json === undefined
    ? []
    : checkField({ stream: needed, json, field: limit.field, path: [...path, 'field'], sums: true });
}
