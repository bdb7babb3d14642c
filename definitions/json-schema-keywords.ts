/** JSON Schema's keywords, as `json-schema-problems.ts` sorts them. */

const WHOLE_CASES = 'use anyOf with one whole alternative for each case, or leave it out';

/** Keywords that zod refuses or skips, and what to write instead. */
export const cures: ReadonlyMap<string, string> = new Map([
  ['not', 'say what is allowed instead (type, enum, pattern), or leave it out'],
  ['if', WHOLE_CASES],
  ['then', WHOLE_CASES],
  ['else', WHOLE_CASES],
  ['dependentSchemas', WHOLE_CASES],
  ['dependentRequired', WHOLE_CASES],
  ['dependencies', WHOLE_CASES],
  ['unevaluatedProperties', 'use additionalProperties, or leave it out'],
  ['unevaluatedItems', 'use items, or leave it out'],
  ['$dynamicRef', 'use $ref to #/$defs/<name>'],
]);

export const types = ['string', 'integer', 'number', 'boolean', 'object', 'array', 'null'];

/** The formats that zod 4.6 checks as JSON Schema means them; its `uri-reference` refuses relative references. */
export const formats = ['date-time', 'date', 'time', 'duration', 'email', 'hostname', 'ipv4', 'ipv6', 'uri', 'uuid'];

/** Which type a keyword speaks of. */
export const typeOf: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [
      'properties',
      'required',
      'additionalProperties',
      'patternProperties',
      'minProperties',
      'maxProperties',
      'propertyNames',
    ].map((keyword) => [keyword, 'object']),
  ),
  ...Object.fromEntries(
    [
      'items',
      'prefixItems',
      'minItems',
      'maxItems',
      'uniqueItems',
      'contains',
      'minContains',
      'maxContains',
      'additionalItems',
    ].map((keyword) => [keyword, 'array']),
  ),
  ...Object.fromEntries(['format', 'pattern', 'minLength', 'maxLength'].map((keyword) => [keyword, 'string'])),
  ...Object.fromEntries(
    ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'].map((keyword) => [keyword, 'number']),
  ),
};

export const assertions: ReadonlySet<string> = new Set([
  ...Object.keys(typeOf),
  'type',
  'enum',
  'const',
  'anyOf',
  'allOf',
  'oneOf',
]);
export const annotations: ReadonlySet<string> = new Set(
  '$ref $defs definitions $schema $id id $comment $anchor title description default examples example deprecated readOnly writeOnly nullable contentEncoding contentMediaType contentSchema was'.split(
    ' ',
  ),
);
export const maps: ReadonlySet<string> = new Set(['properties', 'patternProperties', '$defs', 'definitions']);
export const lists: ReadonlySet<string> = new Set(['anyOf', 'allOf', 'oneOf', 'prefixItems', 'items']);
export const singles: ReadonlySet<string> = new Set(['items', 'additionalProperties', 'additionalItems', 'contains']);
