/** What a partner that is played does with a request, beside answering it. */
export const faultKinds = {
  error: { harm: 'none', says: 'answers 503' },
  throttle: { harm: 'none', says: 'answers 429 and asks for a second of patience' },
  reset: { harm: 'none', says: 'drops the connection before it answers' },
  cut: { harm: 'none', says: 'drops the connection in the middle of the answer' },
  garbage: { harm: 'none', says: 'answers 200 with a part of the text, which ends within a record' },
  slow: { harm: 'none', says: 'answers late' },
  doubled: { harm: 'none', says: 'sends one record of the page twice' },
  field: { harm: 'none', says: 'sends a field that it never sent before' },
  again: { harm: 'lie', says: 'answers with the page that it sent before' },
  short: { harm: 'lie', says: 'leaves out the last records of a page' },
  malformed: { harm: 'lie', says: 'sends something among the records that is none' },
  total: { harm: 'lie', says: 'says that there are more records than there are' },
  expired: { harm: 'none', says: 'refuses the address of a file, or has lost the result of an export job' },
  failed: { harm: 'lie', says: 'gives up an export job' },
} as const satisfies Record<string, { readonly harm: 'none' | 'lie'; readonly says: string }>;

/** `none`: a run may not differ by it. `lie`: the run may lack records, and may then not be `ok`; the next one has them. */
export type FaultKind = keyof typeof faultKinds;

/** Lies that are told only where they are asked for: by some of them each run has to say that it is not complete, or nobody can see them. */
export const askedLies: readonly FaultKind[] = ['short', 'malformed', 'total'];

/** Those that export jobs alone have. */
export const jobFaults: readonly FaultKind[] = ['expired', 'failed'];

export interface FaultPlan {
  /** What happens to the request with this number, from 0; undefined: nothing. */
  readonly at: (request: number) => FaultKind | undefined;
}

/** One request in two fails in the first `requests`; then the partner is well, so that a run can end. */
export function plannedFaults({
  random,
  requests,
  kinds,
  share = 1 / 2,
}: {
  readonly random: () => number;
  readonly requests: number;
  readonly kinds: readonly FaultKind[];
  readonly share?: number;
}): FaultPlan {
  const planned = Array.from({ length: requests }, () =>
    random() < share ? kinds[Math.floor(random() * kinds.length)] : undefined,
  );
  return { at: (request) => planned[request] };
}

export const faultsEnded: FaultPlan = { at: () => undefined };
