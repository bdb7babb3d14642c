import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import type { Lane } from '../../core/names.ts';
import type { Queries } from '../../store/session/queued-client.ts';
import { whenAvailable } from '../../store/session/unavailable.ts';
import type { PermitWait } from '../../core/grant-waits.ts';
import { mostLateMs, needsTurn, type Bucket } from '../declare/bucket.ts';
import { permitWaitOf } from './permit-wait.ts';
import type { LimiterFor, Work } from './limiter.ts';

/** What the database says to a batch of requests. Milliseconds. */
export interface Granted {
  /** So many of them, from the first; 0: none, wait. */
  readonly granted: number;
  readonly waitMs: number;
  readonly cause: string;
  /** The kind of `cause`, where none was granted. */
  readonly waitsFor: PermitWait | undefined;
  /** From asking to the wire. */
  readonly validMs: number;
  /** Of the rate as it is now, one unit. */
  readonly periodMs: number;
  /** From the database's now to the rate's theoretical arrival time; negative: it has been idle. */
  readonly tatInMs: number;
  /** Shortest latency of an answer that any process saw lately; undefined: none yet. */
  readonly leastMs: number | undefined;
  /** The one that is granted is a probe of a partner that was down, under this number. */
  readonly probe: number | undefined;
  /** The partner does not answer. */
  readonly down: boolean;
}

/** `databaseMs`: the database's clock when it answered. */
export type TurnGranted = Granted & { readonly databaseMs: number };

export interface Batch {
  readonly requests: readonly {
    readonly charges: readonly number[];
    readonly lane: Lane;
    readonly work?: Work | undefined;
  }[];
  readonly critical: boolean;
  readonly leases: readonly string[] | null;
  readonly freed: readonly string[];
  readonly lateMs: number;
  /**
   * Among processes that wait for a slot: `keeps` uses those it frees again at once, though others claim the next one; `holds`
   * has some, and lets others go first that have none.
   */
  readonly slots?: 'keeps' | 'holds' | undefined;
}

/** Of try_turn (store/functions/try_turn.sql): another connection has it. */
export const TURN_TAKEN = 'turn taken';

/** An asker that claims nothing. */
const NOBODY = '00000000-0000-0000-0000-000000000000';

/** The functions of migrations/0003_limits.sql for one credential. */
export class PermitCalls {
  readonly #pool: Pool;
  readonly #for: LimiterFor;
  readonly buckets: readonly Bucket[];
  readonly #specs: string;
  readonly #mostLateUs: number;
  readonly #asker = randomUUID();

  constructor(pool: Pool, limiterFor: LimiterFor, buckets: readonly Bucket[]) {
    this.#pool = pool;
    this.#for = limiterFor;
    this.buckets = buckets;
    this.#specs = JSON.stringify(buckets);
    this.#mostLateUs = needsTurn(buckets) ? 0 : mostLateMs(buckets) * 1000;
  }

  take(batch: Batch): Promise<Granted> {
    return this.#ask('take_permits', this.#pool, batch, null);
  }

  /** On a connection that is the turn's own: the turn ends with it. */
  beginTurn(client: Queries, batch: Batch, aheadMs: number): Promise<TurnGranted> {
    return this.#ask('begin_turn', client, batch, aheadMs * 1000);
  }

  /** The same where others' turns are held as well: when it is taken, it is not waited for (cause TURN_TAKEN). */
  tryTurn(client: Queries, batch: Batch, aheadMs: number): Promise<TurnGranted> {
    return this.#ask('try_turn', client, batch, aheadMs * 1000);
  }

  async #ask(name: string, on: Queries, batch: Batch, aheadUs: number | null): Promise<TurnGranted> {
    const { partner, credential, limits, leaseMs } = this.#for;
    const shares = { critical: 1, normal: limits.lanes.normal, backfill: limits.lanes.backfill };
    const works = this.#works(batch);
    const query = {
      name,
      text: `select asked.*, epoch_us() as now_us,
          case when asked.granted < cardinality($8::uuid[]) and asked.cause is distinct from '${TURN_TAKEN}' then pg_notify('syncline_slots', $1) end as told
        from ${name}($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) as asked`,
      values: [
        credential,
        partner,
        this.#specs,
        batch.requests.map(({ charges }) => charges),
        batch.requests.map(({ lane }) => shares[lane]),
        batch.critical,
        batch.leases,
        batch.freed.length === 0 ? null : batch.freed,
        leaseMs,
        // Without an asker nobody else's claim counts: the slots just freed are taken again.
        batch.slots === 'keeps' ? null : batch.slots === 'holds' ? NOBODY : this.#asker,
        batch.lateMs * 1000,
        this.#mostLateUs,
        aheadUs,
        works === undefined ? null : [...works.keys()],
        works === undefined ? null : [...works.values()],
      ],
    };
    const { rows } = await whenAvailable(() => on.query<Row>(query));
    const row = rows[0] as Row;
    return {
      granted: row.granted,
      waitMs: row.wait_ms,
      cause: row.cause ?? 'limit',
      waitsFor: row.granted > 0 ? undefined : permitWaitOf({ cause: row.cause, down: row.down === true }, this.buckets),
      validMs: row.valid_ms ?? 0,
      periodMs: (row.period_us ?? 0) / 1000,
      tatInMs: (row.tat_in_us ?? 0) / 1000,
      leastMs: row.least_us === null ? undefined : row.least_us / 1000,
      probe: row.probe ?? undefined,
      down: row.down ?? false,
      databaseMs: row.now_us / 1000,
    };
  }

  /** By name; undefined where nothing has to be kept: without a quota, or without critical work. */
  #works({ requests }: Batch): ReadonlyMap<string, number> | undefined {
    if (!this.buckets.some(({ kind }) => kind === 'quota')) return undefined;
    const works = new Map(
      requests.flatMap(({ work }) => (work === undefined ? [] : [[work.name, work.left] as const])),
    );
    return works.size === 0 ? undefined : works;
  }

  get credential(): string {
    return this.#for.credential;
  }

  async finished(work: string): Promise<void> {
    if (!this.buckets.some(({ kind }) => kind === 'quota')) return;
    await whenAvailable(() =>
      this.#pool.query({
        name: 'end critical work',
        text: 'select end_critical_work($1, $2)',
        values: [this.#for.credential, work],
      }),
    );
  }

  async databaseMs(client: Queries): Promise<number> {
    const { rows } = await client.query<{ now_us: number }>({ name: 'time', text: 'select epoch_us() as now_us' });
    return (rows[0] as { now_us: number }).now_us / 1000;
  }

  /** Returns the database's clock when it was told, ms. */
  async endTurn(
    client: Queries,
    turn: {
      readonly sent: readonly { readonly charges: readonly number[]; readonly agoMs: number }[];
      readonly tatInMs: number;
      /** The same moment by the database's clock, where that is known. */
      readonly tatMs: number | undefined;
      readonly leastMs: number | undefined;
      readonly unused: readonly string[];
    },
  ): Promise<number> {
    const { rows } = await client.query<{ now_us: number }>({
      name: 'end_turn',
      // On its way the report grows older; how much, the clocks tell, unless one of them was set.
      text: `with told as materialized (select epoch_us() as now_us)
        select now_us, end_turn($1, $2, $3, $4, least($5::float8, greatest(coalesce($8::float8 - now_us, $5), $5 - 50000)), $6, $7) from told`,
      values: [
        this.#for.credential,
        this.buckets.map(({ name }) => name),
        turn.sent.map(({ charges }) => charges),
        turn.sent.map(({ agoMs }) => agoMs * 1000),
        turn.tatInMs * 1000,
        turn.leastMs === undefined ? null : turn.leastMs * 1000,
        turn.unused.length === 0 ? null : turn.unused,
        turn.tatMs === undefined ? null : turn.tatMs * 1000,
      ],
    });
    return (rows[0] as { now_us: number }).now_us / 1000;
  }

  /** Ends the connection of a holder that hangs. */
  async evict(): Promise<void> {
    await this.#pool.query('select evict_turn($1)', [this.#for.credential]);
  }

  /** A probe that was given and is not going to be sent. */
  async abandon(probe: number): Promise<void> {
    await whenAvailable(() => this.#pool.query('select circuit_abandon($1, $2)', [this.#for.credential, probe]));
  }

  async renew(leases: readonly string[]): Promise<void> {
    await this.#pool.query({
      name: 'renew leases',
      text: `update leases set expires_at = clock_timestamp() + $2 * interval '1 millisecond' where lease = any ($1)`,
      values: [leases, this.#for.leaseMs],
    });
  }

  async free(lease: string): Promise<void> {
    await whenAvailable(() =>
      this.#pool.query({
        name: 'free lease',
        text: `with gone as (delete from leases where lease = $1 returning credential)
          select pg_notify('syncline_slots', credential) from gone`,
        values: [lease],
      }),
    );
  }

  /** The partner may still be busy with a request that broke off. */
  async freeSoon(lease: string): Promise<void> {
    await whenAvailable(() =>
      this.#pool.query({
        name: 'free lease soon',
        text: `update leases set expires_at = least(expires_at, clock_timestamp() + interval '1 second') where lease = $1`,
        values: [lease],
      }),
    );
  }

  /**
   * Frees the slots of processes that are gone: the lock is free whose number their leases begin with, and they were not renewed
   * for `silentMs`. Either alone may happen to one that lives: a session is lost, a process stands still. When the database has
   * just started, nobody has had the time for either.
   */
  async freeDead(silentMs: number): Promise<void> {
    await this.#pool.query({
      name: 'free dead leases',
      text: `with gone as (
          delete from leases as l
            where l.credential = $1 and l.expires_at < clock_timestamp() + ($2::integer - $3::integer) * interval '1 millisecond'
              and pg_postmaster_start_time() < clock_timestamp() - $3::integer * interval '1 millisecond'
              and substr(l.lease::text, 15, 1) = '8'
              and not exists (
                select 1 from pg_locks as o
                  where o.locktype = 'advisory' and o.granted and o.objsubid = 1
                    and o.database = (select oid from pg_database where datname = current_database())
                    and (o.classid::bigint << 32 | o.objid::bigint)
                      = ('x0000' || substr(l.lease::text, 1, 8) || substr(l.lease::text, 10, 4))::bit(64)::bigint)
            returning l.credential)
        select pg_notify('syncline_slots', credential) from gone`,
      values: [this.#for.credential, this.#for.leaseMs, silentMs],
    });
  }

  async block(waitMs: number, reason: string, cut: boolean): Promise<string> {
    const { credential, partner } = this.#for;
    const { rows } = await whenAvailable(() =>
      this.#pool.query<{ until: Date }>({
        // Others see it once it is committed: waiting for the disk would let them send meanwhile.
        text: `select block_credential($1, $2, $3, $4, $5) as until, set_config('synchronous_commit', 'off', true)`,
        values: [credential, partner, waitMs, reason, cut],
      }),
    );
    return (rows[0] as { until: Date }).until.toISOString();
  }

  async tighten(bucket: string, left: number, resetsInMs: number | null): Promise<void> {
    await this.#pool.query({
      name: 'tighten',
      text: 'select tighten_bucket($1, $2, $3, $4)',
      values: [this.#for.credential, bucket, left, resetsInMs],
    });
  }

  async noteTold(left: number, resetsInMs: number): Promise<void> {
    const { credential, partner } = this.#for;
    await this.#pool.query({
      name: 'note told',
      text: 'select note_told($1, $2, $3, $4)',
      values: [credential, partner, left, resetsInMs],
    });
  }

  async settle(buckets: readonly string[], units: number): Promise<void> {
    await this.#pool.query({
      name: 'settle cost',
      text: 'select settle_cost($1, $2, $3)',
      values: [this.#for.credential, buckets, units],
    });
  }
}

interface Row {
  readonly granted: number;
  readonly wait_ms: number;
  readonly cause: string | null;
  readonly valid_ms: number | null;
  readonly period_us: number | null;
  readonly tat_in_us: number | null;
  readonly least_us: number | null;
  readonly probe: number | null;
  readonly down: boolean | null;
  readonly now_us: number;
}
