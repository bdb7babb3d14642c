import { redactHeaders } from '../../http/redact.ts';
import { makesColumns } from '../../definitions/contract.ts';
import { byNewNames } from '../../records/by-new-names.ts';
import { suggestSchema, zonelessFields } from '../../definitions/suggest-schema.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { Look } from './asker.ts';
import { sampleLimits, type SampledLimits } from './sample-limits.ts';

/** What came, typed, for the person who writes the definition. */
export interface Sample {
  /** Those without a bound that were asked for. */
  readonly pages: readonly SampledPage[];
  /** On all of them. */
  readonly records: number;
  /** Whether the first page names another one. */
  readonly hasNext: boolean;
  readonly total: number | null;
  /** What the headers tell of limits and caching. */
  readonly learnt: readonly string[];
  readonly limits: SampledLimits;
  readonly rejected: readonly { readonly path: string; readonly reason: string; readonly count: number }[];
  readonly unknownFields: readonly string[];
  /** Where they land: beside the columns, or in columns that a run makes of them. */
  readonly unknownInto: '_extra' | 'columns';
  /** Samples are the first values that differ; `empty` counts the records without one. */
  readonly columns: readonly {
    readonly name: string;
    readonly type: string;
    readonly samples: readonly string[];
    readonly empty: number;
  }[];
  /** JSON Schema of all that came. */
  readonly suggestedSchema: ReturnType<typeof suggestSchema>;
  /** Fields with times that do not say their zone, nor does the definition. */
  readonly zoneless: readonly string[];
}

export interface SampledPage {
  readonly status: number;
  readonly durationMs: number;
  readonly bytes: number;
  readonly records: number;
}

export function sampleOf(stream: CompiledStream, looks: readonly [Look, ...Look[]]): Sample {
  const [{ answer, page }] = looks;
  const received = looks.flatMap((look) => look.received);
  const rows = looks.flatMap((look) => look.rows);
  const sound = received.filter(({ fault }) => fault === undefined).map(({ record }) => record);
  return {
    pages: looks.map(sampledPage),
    records: received.length,
    hasNext: page.next.cursor !== null,
    total: page.next.total,
    learnt: learnt(answer.headers),
    limits: sampleLimits(answer, stream.partner.limits),
    rejected: grouped(looks.flatMap(({ rejected }) => rejected)),
    unknownFields: unknownFields(stream, received),
    unknownInto: unknownInto(stream),
    columns: stream.columns.map((column, i) => {
      const values = rows.map((row) => row[i] ?? null).filter((value) => value !== null);
      return {
        name: column.name,
        type: column.type,
        samples: [...new Set(values)].slice(0, SAMPLES).map(shorten),
        empty: rows.length - values.length,
      };
    }),
    suggestedSchema: suggestSchema(stream.definition, sound),
    zoneless: zonelessFields(stream.definition, sound),
  };
}

const unknownInto = (stream: Pick<CompiledStream, 'definition'>): Sample['unknownInto'] =>
  makesColumns(stream) ? 'columns' : '_extra';

/** Of a stream that was not asked for anything. */
export const noSample = ({ columns, definition, partner }: CompiledStream): Sample => ({
  pages: [],
  records: 0,
  hasNext: false,
  total: null,
  learnt: [],
  limits: {
    profile: typeof partner.limits.profile === 'string' ? partner.limits.profile : 'own',
    declared: partner.limits.profile !== 'auto',
    quotas: [],
    problems: [],
  },
  rejected: [],
  unknownFields: [],
  unknownInto: unknownInto({ definition }),
  columns: columns.map(({ name, type }) => ({ name, type, samples: [], empty: 0 })),
  suggestedSchema: suggestSchema(definition, []),
  zoneless: [],
});

export const sampledPage = ({ answer: { status, durationMs, bytes }, received }: Look): SampledPage => ({
  status,
  durationMs,
  bytes,
  records: received.length,
});

const SAMPLES = 3;
const MOST_SHOWN = 32;
/** Half of a surrogate pair would be shown as an escape. */
const shorten = (text: string): string =>
  text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN - 1).replace(/[\ud800-\udbff]$/, '')}…` : text;

const telling = /rate-?limit|limit-info|call-limit|retry-after|quota|total|^etag$|^last-modified$/;

function learnt(headers: Look['answer']['headers']): string[] {
  const shown = redactHeaders(headers);
  return Object.keys(headers)
    .filter((name) => telling.test(name))
    .map((name) => `${name}: ${shown[name] ?? headers[name] ?? ''}`);
}

function grouped(rejected: readonly { readonly path: string; readonly reason: string }[]): Sample['rejected'] {
  const counts = new Map<string, { path: string; reason: string; count: number }>();
  for (const { path, reason } of rejected) {
    const at = counts.get(`${path} ${reason}`);
    if (at === undefined) counts.set(`${path} ${reason}`, { path, reason, count: 1 });
    else at.count += 1;
  }
  return [...counts.values()];
}

function unknownFields(stream: CompiledStream, received: Look['received']): string[] {
  const names = new Set<string>();
  for (const { record, fault } of received)
    if (fault === undefined && typeof record === 'object' && record !== null)
      for (const name of Object.keys(byNewNames(record, stream.aliases ?? []) as object))
        if (!stream.known.has(name)) names.add(name);
  return [...names];
}
