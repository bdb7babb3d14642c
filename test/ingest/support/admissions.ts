import type { Pool } from 'pg';

export interface Admitted {
  readonly units: number;
  /** Microseconds of the database's clock. */
  readonly atUs: number;
}

/** From now on the database writes down what it admits, with the moment by which it judged. */
export async function noteAdmissions(pool: Pool): Promise<void> {
  await pool.query(`
    create table test_admissions (
      no bigint generated always as identity, caller text not null, units bigint not null, at_us double precision not null
    );
    create or replace function epoch_us() returns double precision language sql volatile as $$
      select set_config('test.now_us', (extract(epoch from clock_timestamp()) * 1000000)::double precision::text, true)::double precision
    $$;
    create function test_note_admission() returns trigger language plpgsql as $$
    begin
      insert into test_admissions (caller, units, at_us) values (
        new.caller, new.used - case when new.day = old.day then old.used else 0 end,
        current_setting('test.now_us')::double precision
      );
      return null;
    end $$;
    create trigger test_note_admission after update on caller_buckets for each row execute function test_note_admission();
  `);
}

/** In their order: who changes the row of a caller has it locked from before the moment is read. */
export async function admissionsOf(pool: Pool, caller: string): Promise<readonly Admitted[]> {
  const { rows } = await pool.query<{ units: string; at_us: number }>(
    'select units, at_us from test_admissions where caller = $1 order by no',
    [caller],
  );
  return rows.map(({ units, at_us: atUs }) => ({ units: Number(units), atUs }));
}

/** The most units that came in any time beyond what the rate allows in it. */
export function mostAtOnce(admissions: readonly Admitted[], rate: number): number {
  let most = 0;
  let level = 0;
  let lastUs = -Infinity;
  for (const { units, atUs } of admissions) {
    level = Math.max(0, level - ((atUs - lastUs) * rate) / 1e6) + units;
    lastUs = atUs;
    most = Math.max(most, level);
  }
  return most;
}
