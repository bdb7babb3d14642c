import { writeExactly } from '../../core/exact-json.ts';
import { valueAt } from '../../core/json.ts';
import {
  beginningOf,
  LIE,
  NEW_FIELD,
  recordSpoils,
  type ChangeRecords,
  type Spoil,
  type Spoiler,
} from './spoil-records.ts';

/** `total`: the path of a number of records. */
export const jsonSpoiler = (total: string | undefined): Spoiler => ({
  ...recordSpoils(changed, () => 'no record'),
  field: (text) => changed(text, (records) => records.map((record) => ({ ...(record as object), [NEW_FIELD]: 'new' }))),
  total: (text) => (total === undefined ? undefined : withTotal(text, total)),
  garbage: half,
});

/** The records of a JSON answer: the longest list of objects in it, wherever it stands. undefined: it has none. */
export function recordsIn(value: unknown): Record<string, unknown>[] | undefined {
  if (Array.isArray(value)) {
    if (value.length > 0 && value.every(isObject)) return value;
    return undefined;
  }
  if (!isObject(value)) return undefined;
  const lists = Object.values(value).flatMap((inner) => recordsIn(inner) ?? []);
  if (lists.length === 0) return undefined;
  return Object.values(value)
    .map(recordsIn)
    .reduce((longest, list) => ((list?.length ?? 0) > (longest?.length ?? 0) ? list : longest));
}

const changed: ChangeRecords<unknown> = (text, change) =>
  rewritten(text, (value) => {
    const records: unknown[] | undefined = recordsIn(value);
    const others = records === undefined ? undefined : change([...records]);
    if (records === undefined || others === undefined) return false;
    records.splice(0, records.length, ...others);
    return true;
  });

function withTotal(text: string, path: string): string | undefined {
  return rewritten(text, (value) => {
    const steps = path.split('.');
    const name = steps.at(-1) ?? '';
    const holder = valueAt(value, steps.slice(0, -1));
    if (!isObject(holder) || !/^\d{1,15}$/.test(String(holder[name]))) return false;
    const total = Number(holder[name]) + LIE;
    holder[name] = typeof holder[name] === 'string' ? String(total) : total;
    return true;
  });
}

/** JSON after a change in place; numbers keep their digits. undefined: it is none, or nothing was changed. */
function rewritten(text: string, change: (value: unknown) => boolean): string | undefined {
  if (parsed(text) === undefined) return undefined;
  let isOther = false;
  const make = (value: unknown): readonly unknown[] => {
    isOther = change(value);
    return [value];
  };
  const [exact] = writeExactly(text, make) ?? make(JSON.parse(text)).map((value) => JSON.stringify(value));
  return isOther ? exact : undefined;
}

/** An object or a list that ends early is no JSON. */
const half: Spoil = (text) =>
  /^\s*[[{]/.test(text) && parsed(text) !== undefined
    ? beginningOf(text, Math.floor(text.trimEnd().length / 2))
    : undefined;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
