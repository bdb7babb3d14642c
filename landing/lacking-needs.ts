import type { Pool } from 'pg';
import { needId } from '../core/need.ts';
import type { CompiledNeed, CompiledStream } from '../definitions/compiled.ts';
import { askedBy, wantedValues, type NeededPlace, type WantedValue } from '../store/waiting/asked-needs.ts';
import { transaction } from '../store/session/transaction.ts';
import { needsThere } from './needs-there.ts';

const CHUNK = 1000;

/**
 * What a stream's records wait for and its partner may be asked for now: values as keys are written, no more than the run may still ask for. What
 * is there already, and only waited for beside something else, is none of it.
 */
export async function lackingNeeds(
  pool: Pool,
  {
    stream,
    streamId,
    need,
    syncId,
  }: {
    readonly stream: CompiledStream;
    readonly streamId: number;
    readonly need: CompiledNeed;
    /** Of the run that asks. */
    readonly syncId: string;
  },
): Promise<readonly string[]> {
  const { relations, partner } = stream;
  const { fetch } = need;
  if (relations === undefined || fetch === undefined) return [];
  const { most, again: againMs } = fetch.definition;
  const place: NeededPlace = { partner: partner.name, needed: need.stream, field: need.field };
  return transaction(pool, async (client) => {
    const left = most - (await askedBy(client, place, syncId));
    const lacking: string[] = [];
    for (let after: WantedValue | undefined; lacking.length < left;) {
      const wanted = await wantedValues(client, { streamId, place, againMs, after, limit: CHUNK });
      const needs = wanted.map(({ value }) => ({ name: need.name, stream: need.stream, field: need.field, value }));
      const there = await needsThere(client, relations, needs);
      lacking.push(...needs.filter((each) => !there.has(needId(each))).map(({ value }) => value));
      after = wanted.at(-1);
      if (wanted.length < CHUNK) break;
    }
    return lacking.slice(0, Math.max(0, left));
  });
}
