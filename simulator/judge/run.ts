import { fingerprint } from '../gate.ts';
import type { Micros } from '../micros.ts';
import { createAccount } from './account.ts';
import type { Account } from './account.ts';
import { createArrivals } from './arrivals.ts';
import type { Arrivals, Verdict } from './arrivals.ts';
import { createOutages } from './outages.ts';
import type { Outages } from './outages.ts';
import type { JudgeConfig } from './settings.ts';
import { tellingOf } from './told-headers.ts';
import type { Asked } from './weigh.ts';

/** One run under one set of settings: what came, what was decided, what was told. */
export interface Run {
  readonly settings: JudgeConfig;
  readonly arrivals: Arrivals;
  readonly outages: Outages;
  readonly accounts: ReadonlyMap<string, Account>;
  readonly counts: Counts;
  /** Decides about a request that arrived now; the caller carries it out. */
  decide(nowUs: Micros, asked: Asked & { readonly stream: string; readonly token: string | undefined }): Decision;
}

export interface Decision {
  readonly verdict: Verdict;
  /** 0: the connection is to be reset. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** To be called just before the answer goes out. */
  answered(status: number): void;
  /** The answer is out, or the client gone. May be called more than once. */
  left(): void;
}

export interface Counts {
  readonly byVerdict: Record<Verdict, number>;
  readonly byStatus: Record<string, number>;
  inFlight: number;
  maxConcurrent: number;
}

const MAX_TOKENS = 1000;

export function createRun(settings: JudgeConfig, startUs: Micros): Run {
  const arrivals = createArrivals();
  const outages = createOutages(settings, startUs);
  const accounts = new Map<string, Account>();
  const byVerdict = { admitted: 0, refused: 0, scripted: 0, outage: 0, unauthorized: 0 };
  const counts: Counts = { byVerdict, byStatus: {}, inFlight: 0, maxConcurrent: 0 };
  const allowed = settings.tokens === undefined ? undefined : new Set(settings.tokens);

  function accountOf(token: string | undefined): Account | undefined {
    if (token === undefined || allowed?.has(token) === false) return undefined;
    let account = accounts.get(token);
    if (account === undefined && accounts.size < MAX_TOKENS) {
      account = createAccount(fingerprint(token), settings);
      accounts.set(token, account);
    }
    return account;
  }

  function decisionOn(nowUs: Micros, account: Account | undefined, asked: Asked & { readonly stream: string }) {
    account?.told.arrive(nowUs, asked.stream);
    const outage = outages.during(nowUs);
    if (outage !== undefined) return { verdict: 'outage', status: outage === '503' ? 503 : 0, headers: {} } as const;
    if (account === undefined)
      return { verdict: 'unauthorized', status: 401, headers: { 'www-authenticate': 'Bearer' } } as const;
    const finding = account.judge(nowUs, asked);
    const telling = tellingOf(settings, { ...finding, nowUs });
    if (telling.untilUs !== undefined) account.told.tell(nowUs, telling.untilUs);
    return { verdict: finding.verdict, status: finding.status, headers: telling.headers };
  }

  return {
    settings,
    arrivals,
    outages,
    accounts,
    counts,
    decide(nowUs, asked) {
      const account = accountOf(asked.token);
      const decision = decisionOn(nowUs, account, asked);
      const { verdict } = decision;
      const index = arrivals.add({ ...asked, atUs: nowUs, token: account?.token ?? 'none', verdict });
      byVerdict[verdict] += 1;
      counts.inFlight += 1;
      counts.maxConcurrent = Math.max(counts.maxConcurrent, counts.inFlight);
      let open = true;
      const left = (): void => {
        if (!open) return;
        open = false;
        counts.inFlight -= 1;
        if (verdict === 'admitted') account?.panel.release(asked);
      };
      return {
        ...decision,
        left,
        answered(status) {
          arrivals.answered(index, status);
          counts.byStatus[status] = (counts.byStatus[status] ?? 0) + 1;
          left();
        },
      };
    },
  };
}
