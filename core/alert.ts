/** `page`: somebody should look now. `ticket`: within the next working day. */
export const severities = ['page', 'ticket'] as const;
export type Severity = (typeof severities)[number];

/** What an alert is about. The same place has one open alert of a rule. */
export interface AlertPlace {
  readonly rule: string;
  /** null: it concerns the installation. */
  readonly partner: string | null;
  /** null: it concerns the whole partner. */
  readonly stream: string | null;
  /** What tells several of one rule and stream apart: a limit, a target, a webhook, a queue. */
  readonly subject: string | null;
}

/** What a rule found to be wrong now. */
export interface Finding extends AlertPlace {
  readonly severity: Severity;
  /** ISO; since when it holds, as far as that is known. */
  readonly since: string;
  /** One line: what is wrong, with numbers. */
  readonly summary: string;
  readonly meaning: string;
  readonly whatToDo: string;
  /** URL of the page that says more. */
  readonly runbook: string;
  /** How long it must hold before anybody is told, in ms. */
  readonly forMs: number;
}

/** Whoever silenced an alert, why, and until when. */
export interface Silenced {
  /** The number of the silence. */
  readonly id: number;
  readonly by: string;
  readonly reason: string;
  /** ISO. */
  readonly until: string;
}

/** An alert as people read it. Times are ISO. */
export interface AlertRow extends AlertPlace {
  readonly id: number;
  readonly severity: Severity;
  readonly since: string;
  readonly openedAt: string;
  readonly lastSeenAt: string;
  /** null: it is open. */
  readonly resolvedAt: string | null;
  readonly silenced: Silenced | null;
  readonly summary: string;
  readonly meaning: string;
  readonly whatToDo: string;
  readonly runbook: string;
}

/** An alert that is not over, as the store has it. */
export interface StandingAlert {
  readonly id: number;
  readonly key: string;
  readonly rule: string;
  readonly partner: string | null;
  readonly firstSeenMs: number;
  /** null: it does not hold for long enough yet. */
  readonly openedMs: number | null;
  readonly lastSeenMs: number;
}

/** What changes by a look. */
export interface Settled {
  /** Not known before; `opens`: somebody is to be told at once. */
  readonly add: readonly { readonly key: string; readonly finding: Finding; readonly opens: boolean }[];
  /** Still there, perhaps in other words. */
  readonly keep: readonly { readonly id: number; readonly finding: Finding; readonly opens: boolean }[];
  readonly resolve: readonly number[];
  /** Gone before anybody was told. */
  readonly drop: readonly number[];
}

/** `run-failed/acme/orders/`: what an alert is known by while it is open. */
export const alertKey = ({ rule, partner, stream, subject }: AlertPlace): string =>
  [rule, partner, stream, subject].map((part) => (part ?? '').replaceAll('/', '%2F')).join('/');

/** `acme.orders, lake`. */
export function placeWords({ partner, stream, subject }: Omit<AlertPlace, 'rule'>): string {
  const named = [partner, stream].filter((part) => part !== null).join('.');
  return [named, subject ?? ''].filter((part) => part !== '').join(', ') || 'the installation';
}
