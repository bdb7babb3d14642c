import type { Company } from './page-queue.ts';

/** So many pages share a transaction, if they come within that time: fewer commits, where nothing counts requests. */
const GATHER = { fast: { items: 8, waitMs: 30 }, slow: { items: 4, waitMs: 250 } } as const satisfies Record<
  string,
  Company
>;

/** Whether pages come faster than the database takes them, by how long the last answer took. */
export const isFast = (answerMs: number): boolean => answerMs < GATHER.fast.waitMs;

/** How many pages the writer waits for before it begins a transaction (docs/decisions/0003). */
export const companyOf = (answerMs: number): Company => (isFast(answerMs) ? GATHER.fast : GATHER.slow);
