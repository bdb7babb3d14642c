import type { Pool } from 'pg';

/** From now on every connection of the database sees the time that the test sets, for limits of callers. */
export async function ownTime(pool: Pool): Promise<void> {
  await pool.query(`create table syncline.test_time (now_us double precision);
    insert into syncline.test_time values (0);
    create or replace function syncline.epoch_us() returns double precision language sql volatile as $$
      select now_us from syncline.test_time $$`);
}

/** Microseconds since the epoch. */
export async function setTime(pool: Pool, nowUs: number): Promise<void> {
  await pool.query('update syncline.test_time set now_us = $1', [nowUs]);
}
