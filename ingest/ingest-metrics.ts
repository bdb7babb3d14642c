import type { CallerMetrics } from './callers/caller-metrics.ts';

/** What is pushed, told to whoever counts it. Labels are names of partners, streams, webhooks and callers that are known here, never what a request says. */
export interface IngestMetrics extends CallerMetrics {
  /** A request for a stream was answered. `stream` is undefined where there is none of its name. */
  readonly answered: (
    of: { readonly partner: string; readonly stream: string } | undefined,
    answer: { readonly status: number; readonly durationMs: number },
  ) => void;
  /** Records of a request that was accepted. */
  readonly landed: (
    of: { readonly partner: string; readonly stream: string },
    records: { readonly accepted: number; readonly quarantined: number },
  ) => void;
  readonly delivered: (of: { readonly partner: string; readonly webhook: string }, fate: string) => void;
  /** How full what waits to be written is, 0 to 1. */
  readonly loaded: (share: number) => void;
}

const nothing = (): void => {};

/** For whoever does not count. */
export const noIngestMetrics: IngestMetrics = {
  answered: nothing,
  landed: nothing,
  delivered: nothing,
  loaded: nothing,
  refused: nothing,
  limited: nothing,
  nearQuota: nothing,
  blocked: nothing,
};
