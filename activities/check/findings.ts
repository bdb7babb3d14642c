/** What a check may find. The codes stay: scripts read them. */
export const findingCodes = [
  'no-pagination',
  'listing-in-doubt',
  'sign-missing',
  'page-parameter-ignored',
  'pages-repeat',
  'next-page-empty',
  'next-page-failed',
  'pages-overlap',
  'total-changes',
  'total-not-reached',
  'total-too-low',
  'order-broken',
  'keys-repeat',
  'parents-share-keys',
  'version-missing',
  'version-coarse',
  'watermark-stalls',
  'time-missing',
  'time-unreadable',
  'time-in-future',
  'bound-not-sent',
  'bound-failed',
  'bound-ignored',
  'bound-loose',
  'bound-returns-nothing',
  'bound-loses-records',
  'bound-exclusive',
  'parent-without-value',
  'parent-refused',
] as const;
export type FindingCode = (typeof findingCodes)[number];

export interface Finding {
  readonly code: FindingCode;
  /** `error`: a run would not end as `ok`, or would lose records, or the partner does not do what the definition says. */
  readonly severity: 'error' | 'warning';
  readonly says: string;
}

/** What a check looks at. */
export type Subject = 'job' | 'records' | 'pagination' | 'end' | 'order' | 'keys' | 'version' | 'times' | 'bound';

/** That something was seen to be right, or why it could not be seen. */
export interface Remark {
  readonly about: Subject;
  readonly says: string;
}

export interface Findings {
  readonly findings: readonly Finding[];
  readonly verified: readonly Remark[];
  readonly unverified: readonly Remark[];
}

export const none: Findings = { findings: [], verified: [], unverified: [] };

export const wrong = (code: FindingCode, says: string): Findings => ({
  ...none,
  findings: [{ code, severity: 'error', says }],
});
export const doubtful = (code: FindingCode, says: string): Findings => ({
  ...none,
  findings: [{ code, severity: 'warning', says }],
});
export const verified = (about: Subject, says: string): Findings => ({ ...none, verified: [{ about, says }] });
export const unverified = (about: Subject, says: string): Findings => ({ ...none, unverified: [{ about, says }] });

export const together = (all: readonly Findings[]): Findings => ({
  findings: all.flatMap(({ findings }) => findings),
  verified: all.flatMap(({ verified: remarks }) => remarks),
  unverified: all.flatMap(({ unverified: remarks }) => remarks),
});
