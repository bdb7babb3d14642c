import type { Pool } from 'pg';

export interface KeptFindings {
  readonly partner: string;
  readonly stream: string;
  readonly keptMs: number;
}

export interface Forgetting {
  /** How long findings of a stream are kept, where its definition says it. */
  readonly kept: readonly KeptFindings[];
  /** Partners whose definitions do not hold, which keep all. */
  readonly except: readonly string[];
  /** undefined: all streams that there are, also those that no definition has any more. */
  readonly only?: { readonly partner: string; readonly stream: string | undefined } | undefined;
  readonly dryRun: boolean;
}

export interface OfStream {
  readonly partner: string;
  readonly stream: string;
}

/** Removes what is old of one kind, or says what that would be: its stream for each. Killed in between, it finds again what is left. */
export type Forget = (pool: Pool, of: Forgetting) => Promise<readonly OfStream[]>;

/** In SQL, whether a stream `s` is one of them; parameters 1 to 3. */
export const isAsked =
  's.partner <> all ($1) and ($2::text is null or s.partner = $2) and ($3::text is null or s.name = $3)';
export const asked = ({ except, only }: Forgetting): readonly unknown[] => [
  except,
  only?.partner ?? null,
  only?.stream ?? null,
];
