import type { Micros } from '../micros.ts';
import type { JudgeConfig } from './settings.ts';

export interface OutageReport {
  readonly fromUs: Micros | null;
  readonly toUs: Micros | null;
  readonly calls: number;
  /** From its end to the first request after it. */
  readonly recoveredAfterMs: number | null;
}

export interface Outages {
  /** How a request that arrives now fails; undefined: it does not. */
  during(nowUs: Micros): '503' | 'reset' | undefined;
  report(): readonly OutageReport[];
}

/** The partner is down at times written down in the settings. */
export function createOutages(
  { outages, outagesFrom }: Pick<JudgeConfig, 'outages' | 'outagesFrom'>,
  startUs: Micros,
): Outages {
  let originUs = outagesFrom === 'start' ? startUs : undefined;
  const states = outages.map((each) => ({ ...each, calls: 0, firstAfterUs: null as Micros | null }));
  return {
    during(nowUs) {
      const origin = (originUs ??= nowUs);
      const current = states.find((each) => nowUs >= origin + each.fromMs * 1000 && nowUs < origin + each.toMs * 1000);
      for (const each of states) if (nowUs >= origin + each.toMs * 1000) each.firstAfterUs ??= nowUs;
      if (current !== undefined) current.calls += 1;
      return current?.how;
    },
    report: () =>
      states.map(({ fromMs, toMs, calls, firstAfterUs }) => ({
        fromUs: originUs === undefined ? null : originUs + fromMs * 1000,
        toUs: originUs === undefined ? null : originUs + toMs * 1000,
        calls,
        recoveredAfterMs:
          originUs === undefined || firstAfterUs === null ? null : (firstAfterUs - originUs) / 1000 - toMs,
      })),
  };
}
