import type { Pool } from 'pg';
import type { CircuitState } from '../../core/circuit.ts';

/** What stands in the way of all streams of a partner, by what the fleet has noted; no definition is needed. Times are ISO. */
export interface PartnerStanding {
  readonly partner: string;
  /** The partner has said when to come back, or was given up for a while. */
  readonly blocked: { readonly until: string; readonly cause: string } | null;
  /** Null: it answers. */
  readonly circuit: {
    readonly state: CircuitState;
    readonly since: string;
    readonly until: string | null;
    readonly lastError: string;
  } | null;
  /** Quotas of which 80 % or more is used. */
  readonly quotas: readonly {
    readonly bucket: string;
    readonly level: number;
    readonly message: string;
    readonly at: string;
  }[];
}

/** Only partners that something stands in the way of. */
export async function partnersInTrouble(pool: Pool, partner?: string): Promise<readonly PartnerStanding[]> {
  const { rows } = await pool.query<{
    partner: string;
    blocked_until: Date | null;
    blocked_reason: string | null;
    state: CircuitState | null;
    since: Date | null;
    until: Date | null;
    last_error: string | null;
    quotas: PartnerStanding['quotas'] | null;
  }>(
    `with blocked as (
        select distinct on (partner) partner, blocked_until, blocked_reason from credentials
          where blocked_until > now() order by partner, blocked_until desc
      ), down as (
        select distinct on (partner) partner, state, since, case when until > now() then until end as until, last_error from circuits
          where state <> 'closed' order by partner, since
      ), alerts as (
        select partner, jsonb_agg(jsonb_build_object('bucket', bucket, 'level', level, 'message', message,
            'at', to_char(raised_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) order by bucket) as quotas
          from (select distinct on (partner, bucket) partner, bucket, level, message, raised_at from limit_alerts
            where current_until > now() order by partner, bucket, level desc, raised_at desc) highest group by partner
      )
      select partner, b.blocked_until, b.blocked_reason, d.state, d.since, d.until, d.last_error, a.quotas
        from blocked b full join down d using (partner) full join alerts a using (partner)
        where $1::text is null or partner = $1 order by partner`,
    [partner ?? null],
  );
  return rows.map((row) => ({
    partner: row.partner,
    blocked:
      row.blocked_until === null
        ? null
        : { until: row.blocked_until.toISOString(), cause: row.blocked_reason ?? 'blocked' },
    circuit:
      row.state === null
        ? null
        : {
            state: row.state,
            since: row.since?.toISOString() ?? '',
            until: row.until?.toISOString() ?? null,
            lastError: row.last_error ?? '',
          },
    quotas: row.quotas ?? [],
  }));
}

/** Whether anything was ever received from it. */
export async function isKnownPartner(pool: Pool, partner: string): Promise<boolean> {
  const { rowCount } = await pool.query('select from streams where partner = $1 limit 1', [partner]);
  return rowCount === 1;
}
