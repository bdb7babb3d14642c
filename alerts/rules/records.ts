import type { AlertFacts, StreamFacts } from '../../core/alert-facts.ts';
import { overdueWords } from '../../core/wait-words.ts';
import { brokenRulesWords } from '../../core/ledger-rule.ts';
import type { Found } from '../find.ts';

/** What waits for a person's answer before it is deleted. */
export const heldDeletes = ({ approvals }: AlertFacts): readonly Found[] =>
  approvals.map(({ id, partner, stream, gone, of, askedAt, until }) => ({
    rule: 'deletes-held',
    partner,
    stream,
    subject: String(id),
    since: askedAt,
    summary: `a run of ${partner}.${stream} would delete ${gone} of ${of} rows and waits for an answer until ${until.slice(0, 16).replace('T', ' ')} UTC`,
  }));

/** Records of a stream that are in no table, and rows that contradict its rules. */
export const recordsOff = ({ streams, nowMs }: AlertFacts): readonly Found[] =>
  streams.flatMap((stream) => [...overdue(stream), ...quarantined(stream), ...broken(stream, nowMs)]);

function overdue({ partner, stream, overdue: late }: StreamFacts): readonly Found[] {
  if (late === null) return [];
  const summary = `${partner}.${stream}: ${overdueWords(late, { partner, stream })}`;
  return [{ rule: 'waiting-overdue', partner, stream, since: late.since, summary }];
}

/** A few more are in the outcome of the run; here is said what is out of the ordinary. */
const GROWTH = { least: 10, times: 3 } as const;

function quarantined({ partner, stream, quarantine }: StreamFacts): readonly Found[] {
  if (quarantine === null) return [];
  const { held, lastDay, mostBefore, since } = quarantine;
  if (lastDay < GROWTH.least || lastDay < GROWTH.times * mostBefore) return [];
  const summary = `${lastDay} records of ${partner}.${stream} came into quarantine within a day, at most ${mostBefore} on each of the seven days before; ${held} are held`;
  return [{ rule: 'quarantine-grows', partner, stream, since, summary }];
}

function broken({ partner, stream, brokenRules }: StreamFacts, nowMs: number): readonly Found[] {
  if (brokenRules.length === 0) return [];
  const summary = `${partner}.${stream}: ${brokenRulesWords(brokenRules, { partner, stream })}`;
  return [{ rule: 'rule-broken', partner, stream, since: new Date(nowMs).toISOString(), summary }];
}
