import { formatDuration } from '../../core/duration.ts';
import type { QuotaReading } from '../../core/quota.ts';
import type { PolicyHeaders, SeenAnswer } from './profile.ts';
import { readCount, readCounts, type Count } from './read-count.ts';
import { readTime } from './read-time.ts';

/** What the headers of one policy say; several readings where they are lists, none where they are absent. */
export function readPolicy(answer: SeenAnswer, policy: PolicyHeaders): QuotaReading[] {
  const { headers } = answer;
  const names = [policy.limit, policy.remaining, policy.used, policy.reset].filter(
    (name) => name !== undefined && headers[name] !== undefined,
  );
  if (names.length === 0) return [];
  const columns: Columns = {
    limits: readCounts(answer, policy.limit),
    remaining: readCounts(answer, policy.remaining),
    used: readCounts(answer, policy.used),
    // The newer drafts have names where numbers were: those are read elsewhere.
    all: readCounts({ ...answer, note: () => {} }, policy.all),
  };
  const rows = Math.max(1, columns.remaining.length);
  const resets = readResets(answer, policy, rows);
  const base: Base = {
    policy: policyName(answer, policy),
    unit: policy.unit ?? 'requests',
    source: names.join(', '),
    confidence: answer.confidence,
  };
  const shown = Array.from({ length: rows }, (_, row) => quotaAt({ base, columns, row, reset: resets[row] }));
  const windowMs = policy.windowMs ?? readWindow(answer, policy);
  const first = shown.map((quota) => (windowMs === undefined ? quota : { windowMs, ...quota }));
  return [...first, ...declaredOnly(base, columns, first)].filter(saysSomething);
}

interface Columns {
  readonly limits: readonly Count[];
  readonly remaining: readonly Count[];
  readonly used: readonly Count[];
  readonly all: readonly Count[];
}

type Base = Pick<QuotaReading, 'policy' | 'unit' | 'source' | 'confidence'>;

function quotaAt(at: {
  readonly base: Base;
  readonly columns: Columns;
  readonly row: number;
  readonly reset: number | undefined;
}): QuotaReading {
  const { base, columns, row, reset } = at;
  const limit = columns.limits[row];
  const used = columns.used[row]?.value;
  const left = limit === undefined || used === undefined ? undefined : Math.max(0, limit.value - used);
  const remaining = columns.remaining[row]?.value ?? left;
  const windowMs = columns.remaining[row]?.windowMs ?? windowOf(limit, [...columns.limits, ...columns.all]);
  return {
    ...base,
    ...(columns.remaining.length > 1 ? { policy: listName(base.policy, row, windowMs) } : {}),
    ...(limit === undefined ? {} : { limit: limit.value }),
    ...(used === undefined ? {} : { used }),
    ...(remaining === undefined ? {} : { remaining }),
    ...(windowMs === undefined ? {} : { windowMs }),
    ...(reset === undefined ? {} : { resetInMs: reset }),
  };
}

const windowOf = (limit: Count | undefined, all: readonly Count[]): number | undefined =>
  limit?.windowMs ?? all.find(({ value, windowMs }) => value === limit?.value && windowMs !== undefined)?.windowMs;

/** `10, 10;w=1, 100;w=60`: what stands behind the first limit are policies of which only the size is told (draft -06). */
function declaredOnly(base: Base, { limits, remaining, all }: Columns, shown: readonly QuotaReading[]): QuotaReading[] {
  const further = [...(remaining.length > 1 ? [] : limits.slice(1)), ...all];
  const rows: QuotaReading[] = [];
  for (const { value, windowMs } of further) {
    const known = [...shown, ...rows].some((quota) => quota.limit === value && quota.windowMs === windowMs);
    if (windowMs !== undefined && !known)
      rows.push({ ...base, policy: listName(base.policy, rows.length, windowMs), limit: value, windowMs });
  }
  return rows;
}

const listName = (policy: string, row: number, windowMs: number | undefined): string =>
  `${policy} ${windowMs === undefined ? row + 1 : formatDuration(windowMs).replace('.0s', 's')}`;

function readResets(answer: SeenAnswer, policy: PolicyHeaders, rows: number): readonly (number | undefined)[] {
  const text = policy.reset === undefined ? undefined : answer.headers[policy.reset];
  if (policy.reset === undefined || text === undefined || text.trim() === '') return [];
  const items = text.split(',', 17);
  // A date has a comma, too.
  const values = items.length === rows ? items : [text];
  const form = policy.resetAs ?? 'auto';
  const resets = values.map((value) => readTime(value.split(';')[0] ?? '', form, answer.partnerNowMs));
  if (resets.includes(undefined)) answer.note(`${policy.reset} is no time that can be meant`);
  return resets;
}

function readWindow(answer: SeenAnswer, { window }: PolicyHeaders): number | undefined {
  const count = readCount(answer, window?.header);
  return count === undefined || window === undefined ? undefined : count * window.unitMs;
}

/** Names go into tables and messages: only what looks like one. */
function policyName(answer: SeenAnswer, { policy, policyFrom }: PolicyHeaders): string {
  const name = policyFrom === undefined ? undefined : answer.headers[policyFrom]?.trim();
  return name !== undefined && /^[\w.:-]{1,64}$/.test(name) ? name : policy;
}

/** A limit of 0 ("none") on an answer that was served says nothing, and would stop everything. */
const saysSomething = (quota: QuotaReading): boolean =>
  quota.limit !== 0 &&
  (quota.limit !== undefined ||
    quota.remaining !== undefined ||
    quota.used !== undefined ||
    quota.resetInMs !== undefined);
