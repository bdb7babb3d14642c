import type { Micros } from '../micros.ts';
import type { Quota } from '../rate-headers.ts';
import type { Verdict } from './arrivals.ts';
import { createPanel } from './panel.ts';
import type { Panel } from './panel.ts';
import { createScript } from './script.ts';
import type { JudgeConfig } from './settings.ts';
import { createTold } from './told.ts';
import type { Told } from './told.ts';
import type { Asked } from './weigh.ts';

/** Everything that is kept per token. */
export interface Account {
  /** A fingerprint. */
  readonly token: string;
  readonly panel: Panel;
  readonly told: Told;
  /** Decides about the next request of this token. */
  judge(nowUs: Micros, asked: Asked): Finding;
}

export interface Finding {
  readonly verdict: Verdict;
  readonly status: number;
  /** 0 when it passed. */
  readonly waitUs: number;
  readonly quotas: readonly Quota[];
  /** Counts the token's requests from 1. */
  readonly number: number;
}

export function createAccount(token: string, settings: JudgeConfig): Account {
  const panel = createPanel(settings.judges);
  const script = createScript(settings);
  let number = 0;
  return {
    token,
    panel,
    told: createTold(settings.transitMs),
    judge(nowUs, asked) {
      number += 1;
      const incident = script.next(nowUs, number);
      if (incident !== undefined) {
        const quotas = usedUp(panel.quotas(nowUs), incident.waitUs / 1000);
        return { verdict: 'scripted', ...incident, quotas, number };
      }
      const { ok, status = settings.refusal.status, waitUs, quotas } = panel.admit(nowUs, asked);
      return { verdict: ok ? 'admitted' : 'refused', status: ok ? 200 : status, waitUs, quotas, number };
    },
  };
}

/** What is scripted is told as if the first limit were used up. */
function usedUp([first, ...others]: readonly Quota[], resetMs: number): readonly Quota[] {
  const quota = first ?? { name: 'default', limit: 1, remaining: 0, windowMs: resetMs, resetMs };
  return [{ ...quota, remaining: 0, resetMs }, ...others];
}
