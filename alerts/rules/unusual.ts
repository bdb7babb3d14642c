import type { AlertFacts, Unusual, UnusualKind } from '../../core/alert-facts.ts';
import { assertNever } from '../../core/assert-never.ts';
import { formatDuration } from '../../core/duration.ts';
import type { RuleName } from '../catalog.ts';
import type { Found } from '../find.ts';

const rules = {
  rows: 'rows-unusual',
  'no-rows': 'no-rows',
  refusals: 'refusals-unusual',
  retries: 'retries-unusual',
  latency: 'latency-unusual',
  size: 'size-unusual',
} as const satisfies Record<UnusualKind, RuleName>;

export const unusualValues = ({ unusual }: AlertFacts): readonly Found[] =>
  unusual.map(({ partner, stream, ...one }) => ({
    rule: rules[one.kind],
    partner,
    stream,
    since: one.at,
    summary: `${partner}.${stream}: ${words(one)} (${one.comparedWith})`,
  }));

function words({ kind, value, usual }: Unusual): string {
  switch (kind) {
    case 'no-rows':
      return `no record came, usual are ${count(usual)}`;
    case 'rows':
      return `${count(value)} records came, usual are ${count(usual)}`;
    case 'refusals':
      return `${percent(value)} of the calls were refused, usual are ${percent(usual)}`;
    case 'retries':
      return `${percent(value)} of the requests had to be made again, usual are ${percent(usual)}`;
    case 'latency':
      return `a request took ${formatDuration(value)}, usual are ${formatDuration(usual)}`;
    case 'size':
      return `a record had ${count(value)} bytes, usual are ${count(usual)}`;
    default:
      return assertNever(kind);
  }
}

const count = (value: number): string => Math.round(value).toLocaleString('en-US');
const percent = (share: number): string => `${(share * 100).toLocaleString('en-US', { maximumFractionDigits: 1 })} %`;
