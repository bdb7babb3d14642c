import type { CompiledFetch, CompiledStream } from './compiled.ts';
import type { Partner } from './definition.ts';
import { keysOf, type Webhook, type WebhookRoute } from './webhooks.ts';

/** A webhook of a checked definition, with all that taking a delivery needs worked out once. */
export interface CompiledWebhook {
  readonly partner: Partner;
  readonly name: string;
  readonly definition: Webhook;
  readonly routes: readonly CompiledRoute[];
}

export interface CompiledRoute {
  readonly as: WebhookRoute['as'];
  /** undefined: all streams of the partner are meant (`sync`). */
  readonly stream?: CompiledStream;
  /** Path of the value that `fits` is asked about; undefined: what the event is called. */
  readonly field?: readonly string[];
  /** undefined: it takes every event. */
  readonly fits?: (value: string) => boolean;
  /** Path of the record, or of an array of them, in the event. */
  readonly record: readonly string[];
  /** Paths of the values of its key. */
  readonly key: readonly (readonly string[])[];
  readonly fetch?: CompiledFetch;
  readonly waitMs: number;
}

/** Enough for what a sender says of one change in one go, and little to wait for. */
const SYNC_WAIT_MS = 5000;
const HINT_WAIT_MS = 1000;

/** Of the streams of a partner, as they are compiled. Expects a partner that `checkPartner` found nothing wrong with. */
export function compileWebhooks(streams: ReadonlyMap<string, CompiledStream>): ReadonlyMap<string, CompiledWebhook> {
  const [first] = streams.values();
  if (first === undefined) return new Map();
  const { partner } = first;
  const deletes = new Map<string, CompiledStream>();
  // One object for each: what arrives together for one stream is written together.
  const streamOf = (name: string, as: WebhookRoute['as']): CompiledStream => {
    const stream = streams.get(name) as CompiledStream;
    if (as !== 'delete') return stream;
    const gone = deletes.get(name) ?? { ...stream, isDelete: () => true };
    deletes.set(name, gone);
    return gone;
  };
  return new Map(
    Object.entries(partner.webhooks ?? {}).map(([name, definition]) => [
      name,
      { partner, name, definition, routes: definition.routes.map((route) => compileRoute(route, streamOf)) },
    ]),
  );
}

function compileRoute(
  route: WebhookRoute,
  streamOf: (name: string, as: WebhookRoute['as']) => CompiledStream,
): CompiledRoute {
  const { as, when, stream: name, record = '', fetch, wait } = route;
  const stream = name === undefined ? undefined : streamOf(name, as);
  return {
    as,
    ...(stream === undefined ? {} : { stream }),
    ...(when?.field === undefined ? {} : { field: pathOf(when.field) }),
    ...(when === undefined ? {} : { fits: oneOf(when.values) }),
    record: pathOf(record),
    key: keysOf(route).map(pathOf),
    ...(fetch === undefined || stream === undefined
      ? {}
      : { fetch: { definition: fetch, fields: stream.definition.primaryKey } }),
    waitMs: wait ?? (as === 'sync' ? SYNC_WAIT_MS : HINT_WAIT_MS),
  };
}

const pathOf = (path: string): readonly string[] => (path === '' ? [] : path.split('.'));

function oneOf(values: readonly string[]): (value: string) => boolean {
  const whole = new Set(values.filter((value) => !value.endsWith('*')));
  const begins = values.filter((value) => value.endsWith('*')).map((value) => value.slice(0, -1));
  return (value) => whole.has(value) || begins.some((begin) => value.startsWith(begin));
}
