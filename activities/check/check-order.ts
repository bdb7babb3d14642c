import { valueAt } from '../../core/json.ts';
import type { StreamDefinition } from '../../definitions/definition.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { Look } from './asker.ts';
import { doubtful, none, unverified, verified, type Findings } from './findings.ts';

interface Order {
  readonly field: string;
  /** 1: upwards; undefined: as the first records have it. */
  readonly direction: 1 | -1 | undefined;
  /** Where it is said. */
  readonly by: string;
}

/** Whether the records have the order that the definition relies on (a keyset), or asks for. */
export function checkOrder(stream: CompiledStream, looks: readonly Look[]): Findings {
  const order = orderOf(stream.definition);
  const values = looks.flatMap(({ received }, page) =>
    received.map(({ record }, index) => ({
      place: `page ${page + 1}, record ${index + 1}`,
      value:
        order === undefined ? undefined : comparable(valueAt(record, [order.field]) ?? valueAt(record, order.field)),
    })),
  );
  if (order === undefined || values.length < 2) return none;
  const { field, by } = order;
  const said = `the order by "${field}" (${by})`;
  if (values.some(({ value }) => value === undefined))
    return by === KEYSET
      ? unverified('order', `${said}: values of "${field}" are neither numbers nor times, whose order is known`)
      : none;
  let { direction } = order;
  for (let i = 1; i < values.length; i++) {
    const step = Math.sign((values[i]?.value ?? 0) - (values[i - 1]?.value ?? 0));
    if (step === 0) continue;
    direction ??= step > 0 ? 1 : -1;
    if (step !== direction)
      return doubtful(
        'order-broken',
        `${said} is not kept: ${values[i]?.place} lies ${step > 0 ? 'above' : 'below'} the one before it. Records skipped that way never come`,
      );
  }
  return verified('order', `${said} is kept`);
}

const KEYSET = 'the keyset';
const sorting = /^(\$?order_?by|sort(_?by)?|ordering|order)$/i;
const turning = /^(order|sort_?(order|dir(ection)?)|direction|dir|order_?dir(ection)?)$/i;

function orderOf({ pagination, query, body }: StreamDefinition): Order | undefined {
  if (pagination.type === 'keyset') return { field: pagination.field, direction: undefined, by: KEYSET };
  const sent = Object.entries({ ...(typeof body === 'object' && body !== null ? body : {}), ...query });
  const texts = sent.filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  for (const [name, text] of texts) {
    const [, sign = '', field = '', word = ''] =
      (sorting.test(name) && /^([-+]?)([\w.]+?)(?:[ :,](asc|desc)\w*)?$/i.exec(text)) || [];
    if (field === '' || /^(asc|desc)/i.test(field)) continue;
    const turned = texts.find(
      ([other, value]) => other !== name && turning.test(other) && /^(asc|desc)/i.test(value),
    )?.[1];
    const said = word || turned || '';
    const direction = sign === '-' || /^desc/i.test(said) ? -1 : sign === '+' || /^asc/i.test(said) ? 1 : undefined;
    return { field, direction, by: `${name}=${text}` };
  }
  return undefined;
}

/** Texts are sorted in as many ways as there are languages: only numbers and times are judged. */
function comparable(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' ? timeOf(value) : undefined;
}

const timeOf = (text: string): number | undefined => {
  const ms = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d|$)/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
};
