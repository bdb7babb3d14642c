import { exactJson } from '../../core/exact-numbers.ts';
import { parseJson, valueAt } from '../../core/json.ts';
import { keyText } from '../../core/key-text.ts';
import type { CompiledRoute, CompiledWebhook } from '../../definitions/compile-webhooks.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { Received } from '../../records/received.ts';
import { keyPartOf } from '../../records/stage-delete.ts';
import type { NotedWork } from '../../store/webhooks/work.ts';
import type { Preset } from './preset.ts';

/** What the routes of a webhook make of a delivery. */
export interface ReadDelivery {
  /** What the first event is called; undefined: nothing says it, or there is none. */
  readonly type: string | undefined;
  /** Records by the stream that they belong to, in the order in which they came. */
  readonly records: ReadonlyMap<CompiledStream, readonly Received[]>;
  readonly work: readonly NotedWork[];
  /** Events that no route wants. */
  readonly ignored: number;
  /** What could not be read, without a value of it. */
  readonly faults: readonly string[];
}

export interface DeliveryText {
  readonly body: Buffer;
  /** Of the body, where it was read already. */
  readonly parsed?: ReturnType<typeof jsonOf>;
  /** What a header says that the event is called. */
  readonly headerType?: string | undefined;
}

/** The most events that one delivery may hold, and the most levels of objects and arrays inside each other. */
const MOST = { events: 10_000, depth: 64 } as const;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

/** The JSON of a body; undefined: it is none. Numbers that a double cannot hold keep their digits. */
export function jsonOf(body: Buffer): { readonly value: unknown } | undefined {
  try {
    return { value: parseJson(decoder.decode(body)) };
  } catch {
    return undefined;
  }
}

/** Reads a delivery whose sender is known. Never throws for what stands in it. */
export function readDelivery(
  webhook: CompiledWebhook,
  preset: Preset,
  { body, parsed = jsonOf(body), headerType }: DeliveryText,
): ReadDelivery {
  const nothing = { type: shownType(headerType), records: new Map(), work: [], ignored: 0 };
  if (parsed === undefined) return { ...nothing, faults: ['expected JSON in UTF-8, found something else'] };
  if (!isShallow(parsed.value, MOST.depth))
    return {
      ...nothing,
      faults: [`expected at most ${MOST.depth} levels of objects and arrays inside each other, found more`],
    };
  const events = eventsIn(parsed.value, preset.each);
  if (typeof events === 'string') return { ...nothing, faults: [events] };
  const reading = new Reading(webhook, preset, headerType);
  for (const event of events) reading.add(event);
  return reading.result();
}

function eventsIn(value: unknown, each: string | undefined): readonly unknown[] | string {
  if (each === undefined) return [value];
  const events = valueAt(value, pathOf(each));
  const place = each === '' ? 'the body' : each;
  // Xero sends null where it has none to tell of.
  if (events === null) return [];
  if (!Array.isArray(events)) return `${place}: expected an array of events, found ${kindOf(events)}`;
  return events.length > MOST.events
    ? `${place}: expected at most ${MOST.events} events, found ${events.length}`
    : events;
}

class Reading {
  readonly #webhook: CompiledWebhook;
  readonly #preset: Preset;
  readonly #headerType: string | undefined;
  readonly #records = new Map<CompiledStream, Received[]>();
  readonly #work: NotedWork[] = [];
  readonly #faults = new Set<string>();
  #type: string | undefined;
  #ignored = 0;

  constructor(webhook: CompiledWebhook, preset: Preset, headerType: string | undefined) {
    this.#webhook = webhook;
    this.#preset = preset;
    this.#headerType = headerType;
  }

  add(event: unknown): void {
    const type = this.#typeOf(event);
    this.#type ??= type;
    const route = this.#webhook.routes.find((one) => fits(one, event, type));
    if (route === undefined) this.#ignored += 1;
    else this.#follow(route, event);
  }

  #follow(route: CompiledRoute, event: unknown): void {
    const { as, stream, waitMs } = route;
    if (as === 'sync') {
      this.#work.push({ kind: 'sync', stream: stream?.name ?? '', key: '', waitMs });
      return;
    }
    if (stream === undefined) return;
    if (as === 'hint') {
      const key = keyIn(route, stream, event);
      if ('fault' in key) this.#faults.add(key.fault);
      else this.#work.push({ kind: 'hint', stream: stream.name, key: key.text, waitMs });
      return;
    }
    const found = valueAt(event, route.record);
    if (typeof found !== 'object' || found === null) {
      this.#faults.add(
        `${route.record.join('.') || 'the event'}: expected a record of ${stream.name}, found ${kindOf(found)}`,
      );
      return;
    }
    const known = this.#records.get(stream) ?? [];
    this.#records.set(stream, known);
    for (const record of Array.isArray(found) ? found : [found])
      known.push({ record, payload: exactJson(record, record), ascii: false });
  }

  #typeOf(event: unknown): string | undefined {
    const { type } = this.#preset;
    return type === undefined ? undefined : 'header' in type ? this.#headerType : textAt(event, pathOf(type.path));
  }

  result(): ReadDelivery {
    return {
      type: shownType(this.#type ?? this.#headerType),
      records: this.#records,
      work: this.#work,
      ignored: this.#ignored,
      faults: [...this.#faults],
    };
  }
}

function fits({ fits: isOne, field }: CompiledRoute, event: unknown, type: string | undefined): boolean {
  if (isOne === undefined) return true;
  const value = field === undefined ? type : textAt(event, field);
  return value !== undefined && isOne(value);
}

/** As the log writes keys. */
function keyIn(
  { key }: CompiledRoute,
  { keyColumns, name }: CompiledStream,
  event: unknown,
): { readonly text: string } | { readonly fault: string } {
  const parts: string[] = [];
  for (const [at, column] of keyColumns.entries()) {
    const path = key[at] ?? [];
    const value = valueAt(event, path);
    // A text column would take the JSON of anything.
    if (textAt(event, path) === undefined)
      return { fault: `${path.join('.')}: expected the key of a record of ${name}, found ${kindOf(value)}` };
    const part = keyPartOf(column, value);
    if (typeof part !== 'string') return { fault: `${path.join('.')}: no key of ${name} stands there: ${part.reason}` };
    parts.push(part);
  }
  const text = keyText(parts) ?? '';
  if (text.includes('\0')) return { fault: `a key of ${name} holds a NUL, which no text of PostgreSQL can` };
  return Buffer.byteLength(text) > MOST_KEY_BYTES ? { fault: `a key of ${name} is too long` } : { text };
}

/** For people, and for the database: what an event is called is short and printable. */
const shownType = (type: string | undefined): string | undefined =>
  type?.replaceAll(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, '?').slice(0, 200);

/** No index of PostgreSQL takes much more. */
const MOST_KEY_BYTES = 2000;

const pathOf = (path: string): readonly string[] => (path === '' ? [] : path.split('.'));

export function textAt(value: unknown, path: readonly string[]): string | undefined {
  const found = valueAt(value, path);
  return typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean'
    ? String(found)
    : undefined;
}

const kindOf = (value: unknown): string =>
  value === undefined
    ? 'nothing'
    : value === null
      ? 'null'
      : Array.isArray(value)
        ? 'an array'
        : typeof value === 'object'
          ? 'an object'
          : `a ${typeof value}`;

function isShallow(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (levels === 0) return false;
  return Object.values(value).every((inner) => isShallow(inner, levels - 1));
}
