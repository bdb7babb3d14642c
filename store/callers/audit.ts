import type { ClientBase, Pool } from 'pg';

/** Who changes something, and why. */
export interface Person {
  readonly by: string;
  readonly reason: string;
}

export const auditActions = ['added', 'changed', 'rotated', 'revoked', 'limited', 'blocked', 'unblocked'] as const;
export type AuditAction = (typeof auditActions)[number];

export interface AuditSubject {
  readonly kind: 'caller' | 'tier' | 'address';
  readonly subject: string;
}

export interface AuditEntry extends AuditSubject {
  readonly action: AuditAction;
  /** What is different from now on; never a secret. */
  readonly detail: Readonly<Record<string, unknown>>;
  /** Null: Syncline itself. */
  readonly by: string | null;
  readonly reason: string;
}

/** In the transaction of the change itself: there is no change without its entry. */
export async function audit(client: ClientBase, entry: AuditEntry): Promise<void> {
  const { kind, subject, action, detail, by, reason } = entry;
  await client.query(
    'insert into caller_audit (kind, subject, action, detail, by, reason) values ($1, $2, $3, $4, $5, $6)',
    [kind, subject, action, detail, by, reason],
  );
}

/** The newest first. */
export async function readAudit(
  pool: Pool,
  { kind, subject }: AuditSubject,
  limit: number,
): Promise<readonly (AuditEntry & { readonly at: string })[]> {
  const { rows } = await pool.query<AuditEntry & { readonly at: Date }>(
    `select at, kind, subject, action, detail, by, reason from caller_audit where kind = $1 and subject = $2
      order by audit_id desc limit $3`,
    [kind, subject, limit],
  );
  return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
}
