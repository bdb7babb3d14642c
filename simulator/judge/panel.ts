import type { Micros } from '../micros.ts';
import type { Quota } from '../rate-headers.ts';
import type { Judge } from './judge.ts';
import { judgeOf } from './judge-of.ts';
import type { JudgeSettings } from './settings.ts';
import { weigh } from './weigh.ts';
import type { Asked } from './weigh.ts';

export interface Ruling {
  readonly ok: boolean;
  /** Until it could pass; 0 when it passed. */
  readonly waitUs: number;
  /** Of the judge that makes it wait longest. */
  readonly status: number | undefined;
  /** For the headers; the one to be told first stands first. */
  readonly quotas: readonly Quota[];
}

export interface Standing {
  readonly name: string;
  readonly kind: JudgeSettings['kind'];
  /** Requests it refused; one request may be refused by several. */
  readonly refused: number;
  /** How long before its time the most premature request came; for concurrency what was told. */
  readonly worstOverrunMs: number;
  /** Most that was used of it at once, in requests or weights. */
  readonly peakUsed: number;
}

/** All judges of one token. */
export interface Panel {
  /** Judges a request by its time of arrival: all must agree, and a refused one uses nothing up unless `countRefused`. */
  admit(nowUs: Micros, asked: Asked): Ruling;
  /** Until it could pass; asking changes nothing. */
  waitUs(nowUs: Micros, asked: Asked): number;
  /** An admitted request has been answered. */
  release(asked: Asked): void;
  quotas(nowUs: Micros): readonly Quota[];
  standings(): readonly Standing[];
}

export function createPanel(settings: readonly JudgeSettings[]): Panel {
  const members = settings.map(memberOf);
  return {
    admit(nowUs, asked) {
      const weights = members.map((member) => weigh(member.settings.weights, asked));
      const waits = members.map((member, at) => waitOf(member, nowUs, weights[at] ?? 0));
      const waitUs = waits.reduce((longest, each) => Math.max(longest, each), 0);
      members.forEach((member, at) =>
        note(member, nowUs, weights[at] ?? 0, { waitUs: waits[at] ?? 0, ok: waitUs === 0 }),
      );
      const strictest = waitUs === 0 ? undefined : members[waits.indexOf(waitUs)];
      return { ok: waitUs === 0, waitUs, status: strictest?.settings.status, quotas: told(members, strictest, nowUs) };
    },
    waitUs: (nowUs, asked) =>
      members.reduce(
        (longest, member) => Math.max(longest, waitOf(member, nowUs, weigh(member.settings.weights, asked))),
        0,
      ),
    release(asked) {
      for (const { judge, settings } of members) judge.release(weigh(settings.weights, asked));
    },
    quotas: (nowUs) => told(members, undefined, nowUs),
    standings: () =>
      members.map(({ settings: { name, kind }, refused, worstOverrunUs, peakUsed }) => ({
        name,
        kind,
        refused,
        worstOverrunMs: worstOverrunUs / 1000,
        peakUsed,
      })),
  };
}

interface Member {
  readonly settings: JudgeSettings;
  readonly judge: Judge;
  refused: number;
  worstOverrunUs: number;
  peakUsed: number;
}

const memberOf = (settings: JudgeSettings): Member => ({
  settings,
  judge: judgeOf(settings),
  refused: 0,
  worstOverrunUs: 0,
  peakUsed: 0,
});

const waitOf = ({ judge }: Member, nowUs: Micros, weight: number): number =>
  weight === 0 ? 0 : judge.waitUs(nowUs, weight);

function note(
  member: Member,
  nowUs: Micros,
  weight: number,
  { waitUs, ok }: { readonly waitUs: number; readonly ok: boolean },
): void {
  if (waitUs > 0) {
    member.refused += 1;
    member.worstOverrunUs = Math.max(member.worstOverrunUs, waitUs);
  }
  // An open request ends; one that was refused never opened, so it must not be counted as open.
  const counts = ok || (member.settings.countRefused && member.settings.kind !== 'concurrency');
  if (weight > 0 && counts) member.judge.take(nowUs, weight);
  const { limit, remaining } = member.judge.quota(nowUs);
  member.peakUsed = Math.max(member.peakUsed, limit - remaining);
}

/** The judge that refused speaks first, then what is used up, then the order of the settings. */
function told(members: readonly Member[], strictest: Member | undefined, nowUs: Micros): readonly Quota[] {
  const shown = members.filter((member) => !member.settings.hidden);
  const rank = (member: Member): number =>
    member === strictest ? 2 : member.judge.quota(nowUs).remaining === 0 ? 1 : 0;
  return shown.toSorted((a, b) => rank(b) - rank(a)).map((member) => member.judge.quota(nowUs));
}
