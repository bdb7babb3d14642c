import { describe, expect, test } from '@jest/globals';
import { problemsOf } from './partner-files.ts';

const partner = (onMismatch: string): string => `name: acme
baseUrl: https://api.acme.example
streams:
  orders:
    path: /orders
    primaryKey: [id]
    version: [at.time]
    onMismatch: ${onMismatch}
    schema:
      type: object
      required: [total]
      properties:
        id: { type: string }
        total: { type: number }
        note: { type: string }
        at: { type: object, properties: { time: { type: integer } } }
`;

describe('a contract', () => {
  test.each([
    ['freeze'],
    ['{ newFields: freeze }'],
    ['{ default: freeze, fields: { note: evolve, total: quarantine, id: freeze } }'],
    ['{ newFields: columns }'],
    ['{ newFields: { columns: 5 }, fields: { anything: evolve } }'],
  ])('%s is one', async (text) => {
    expect(await problemsOf(partner(text), {})).toEqual([]);
  });

  test.each([
    [
      '{ fields: { notes: evolve } }',
      'notes: expected a field of the schema, found "notes"; did you mean "note"?; for fields that no schema names write newFields',
    ],
    [
      '{ fields: { id: evolve } }',
      'id: "id" is part of the primary key: a record without it cannot land; write quarantine or freeze',
    ],
    ['{ fields: { at: evolve } }', 'at: "at" is part of the version'],
    ['{ fields: { total: evolve } }', 'total: "total" is required by the schema'],
    ['{ default: evolve }', 'default: expected'],
    ['evolve', 'onMismatch: expected'],
  ])('%s is not: %s', async (text, says) => {
    const problems = await problemsOf(partner(text), {});
    expect(problems).toHaveLength(1);
    expect(JSON.stringify(problems).replaceAll(String.raw`\"`, '"')).toContain(says);
  });

  test.each([
    ['additionalProperties: false', 'properties:', 'additionalProperties: false\n      properties:'],
    ['a transform that drops them', '    schema:', '    transforms: { _extra: { drop: true } }\n    schema:'],
    ['records that wait', '    schema:', '    requires: { parent: { stream: orders, by: [note] } }\n    schema:'],
  ])('that makes columns goes with none of these: %s', async (_, before, after) => {
    const text = partner('{ newFields: columns }');
    const problems = JSON.stringify(await problemsOf(text.replace(before, after), {}));
    expect(problems).toMatch(
      /onMismatch\.newFields: (the schema says additionalProperties|columns are made of|a stream whose records wait)/,
    );
  });
});
