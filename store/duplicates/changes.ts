import type { ClientBase, Pool } from 'pg';
import { GiveUp, InvalidInput } from '../../core/errors.ts';
import { transaction } from '../session/transaction.ts';
import { lockDuplicates, settleMembers } from './members.ts';
import { filterSql, type PairFilter } from './pairs.ts';
import { expectRowsThere } from './removals.ts';

export type ChangeAction = 'apply' | 'undo';

/** Of a plan: a rule, a cluster, a pair or some pairs; {}: all of it. */
export type ChangeScope = Pick<PairFilter, 'rule' | 'cluster' | 'pair' | 'pairs'>;

export interface NewChange {
  readonly plan: number;
  readonly action: ChangeAction;
  readonly scope: ChangeScope;
  readonly by: string;
  readonly reason: string;
}

export interface Change {
  readonly change: number;
  readonly plan: number;
  readonly action: ChangeAction;
  readonly scope: ChangeScope;
  readonly by: string;
  readonly reason: string;
  /** ISO. */
  readonly begunAt: string;
  readonly endedAt: string | null;
  readonly givenUp: boolean;
  /** Clusters up to this one are done. */
  readonly doneTo: number;
  /** Pairs that came in force, or went. */
  readonly links: number;
  readonly held: number;
}

/** So many pairs change in a transaction, and no cluster in two. */
const PIECE = 1000;

/** Notes that a plan is to be applied or undone. One that was begun and not ended gives way: what it has done stays, and counts. */
export async function beginChange(pool: Pool, { plan, action, scope, by, reason }: NewChange): Promise<number> {
  return transaction(pool, async (client) => {
    const { rows: found } = await client.query<{ name: string; state: string }>(
      'select name, state from duplicate_plans where plan_id = $1',
      [plan],
    );
    if (found[0] === undefined)
      throw new InvalidInput(`there is no plan ${plan}: \`syncline duplicates list\` shows those there are`);
    if (action === 'apply' && found[0].state !== 'ready')
      throw new InvalidInput(`plan ${plan} is not ready (${found[0].state}): nothing can be applied of it`);
    await lockDuplicates(client, found[0].name);
    if (action === 'undo') await expectRowsThere(client, { plan, scope });
    await client.query(
      'update duplicate_changes set ended_at = clock_timestamp(), given_up = true where plan_id = $1 and ended_at is null',
      [plan],
    );
    const { rows } = await client.query<{ change_id: number }>(
      'insert into duplicate_changes (plan_id, action, scope, by, reason) values ($1, $2, $3, $4, $5) returning change_id',
      [plan, action, JSON.stringify(scope), by, reason],
    );
    return rows[0]?.change_id as number;
  });
}

interface OpenChange {
  readonly plan_id: number;
  readonly name: string;
  readonly action: ChangeAction;
  readonly scope: ChangeScope;
  readonly done_to: number;
  readonly ended: boolean;
  readonly given_up: boolean;
  readonly largest: number;
}

/**
 * Does the next piece of a change, in one transaction: links come in force or end, and who belongs together follows from them. False: nothing is left.
 * Killed anywhere and called again, it goes on where the last piece ended.
 */
export async function changePiece(pool: Pool, change: number): Promise<boolean> {
  return transaction(pool, async (client) => {
    const { rows: names } = await client.query<{ name: string }>(
      'select name from duplicate_changes join duplicate_plans using (plan_id) where change_id = $1',
      [change],
    );
    if (names[0] === undefined) throw new GiveUp(`there is no change ${change} of duplicates`);
    await lockDuplicates(client, names[0].name);
    const { rows } = await client.query<OpenChange>(
      `select c.plan_id, p.name, c.action, c.scope, c.done_to, c.ended_at is not null as ended, c.given_up, (p.settings ->> 'largest')::integer as largest
        from duplicate_changes c join duplicate_plans p using (plan_id) where c.change_id = $1`,
      [change],
    );
    const open = rows[0] as OpenChange;
    if (open.given_up) throw new GiveUp(`change ${change} of plan ${open.plan_id} was given up for a later one`);
    if (open.ended) return false;
    const to = await endOfPiece(client, open);
    if (to === undefined) {
      await client.query('update duplicate_changes set ended_at = clock_timestamp() where change_id = $1', [change]);
      return false;
    }
    const touched = await (open.action === 'apply' ? makeLinks : endLinks)(client, { ...open, change, to });
    const { held } = await settleMembers(client, {
      name: open.name,
      rows: touched.flatMap(({ ls, lr, rs, rr }) => [
        { stream: ls, row: lr },
        { stream: rs, row: rr },
      ]),
    });
    await client.query(
      'update duplicate_changes set done_to = $2, links = links + $3, held = held + $4 where change_id = $1',
      [change, to, touched.length, open.action === 'apply' ? held : 0],
    );
    return true;
  });
}

/** The cluster that the next piece goes up to; undefined: nothing is left. An undo looks at all pairs: some may be decided otherwise by now. */
async function endOfPiece(client: ClientBase, open: OpenChange): Promise<number | undefined> {
  const { where, values } = filterSql(open.scope, 3);
  const wanted = open.action === 'apply' ? ` and p.decision = 'merge'` : '';
  const { rows } = await client.query<{ cluster: number | null }>(
    `select max(cluster) as cluster from (select p.cluster from duplicate_pairs p
        where p.plan_id = $1 and p.cluster > $2${wanted}${where} order by p.cluster limit ${PIECE}) n`,
    [open.plan_id, open.done_to, ...values],
  );
  return rows[0]?.cluster ?? undefined;
}

interface Touched {
  readonly ls: string;
  readonly lr: string;
  readonly rs: string;
  readonly rr: string;
}

type Piece = OpenChange & { readonly change: number; readonly to: number };

async function makeLinks(client: ClientBase, piece: Piece): Promise<readonly Touched[]> {
  const { where, values } = filterSql(piece.scope, 7);
  const { rows } = await client.query<Touched>(
    `insert into duplicate_links (name, plan_id, pair, left_stream, left_row, right_stream, right_row, weight, largest, made_in)
      select $4, p.plan_id, p.pair, p.left_stream, p.left_row, p.right_stream, p.right_row, p.weight, $5, $6 from duplicate_pairs p
        where p.plan_id = $1 and p.cluster > $2 and p.cluster <= $3 and p.decision = 'merge'${where}
      on conflict (plan_id, pair) where ended_in is null do nothing
      returning left_stream as ls, left_row as lr, right_stream as rs, right_row as rr`,
    [piece.plan_id, piece.done_to, piece.to, piece.name, piece.largest, piece.change, ...values],
  );
  return rows;
}

/** One index look-up for each pair: without statistics the planner would read all links of the plan for each piece. */
async function endLinks(client: ClientBase, piece: Piece): Promise<readonly Touched[]> {
  const { where, values } = filterSql(piece.scope, 5);
  const { rows } = await client.query<Touched>(
    `update duplicate_links set ended_in = $4
      where ctid = any (array(select l.id from (select p.pair from duplicate_pairs p where p.plan_id = $1 and p.cluster > $2 and p.cluster <= $3${where}) n
        cross join lateral (select ctid as id from duplicate_links where plan_id = $1 and pair = n.pair and ended_in is null offset 0) l))
      returning left_stream as ls, left_row as lr, right_stream as rs, right_row as rr`,
    [piece.plan_id, piece.done_to, piece.to, piece.change, ...values],
  );
  return rows;
}

/** The newest first. */
export async function listChanges(
  client: ClientBase | Pool,
  { plan, change }: { readonly plan?: number; readonly change?: number },
): Promise<readonly Change[]> {
  const { rows } = await client.query<{
    change_id: number;
    plan_id: number;
    action: ChangeAction;
    scope: ChangeScope;
    by: string;
    reason: string;
    begun_at: Date;
    ended_at: Date | null;
    given_up: boolean;
    done_to: number;
    links: number;
    held: number;
  }>(
    `select * from duplicate_changes where ($1::integer is null or plan_id = $1) and ($2::integer is null or change_id = $2) order by change_id desc`,
    [plan ?? null, change ?? null],
  );
  return rows.map((row) => ({
    change: row.change_id,
    plan: row.plan_id,
    action: row.action,
    scope: row.scope,
    by: row.by,
    reason: row.reason,
    begunAt: row.begun_at.toISOString(),
    endedAt: row.ended_at?.toISOString() ?? null,
    givenUp: row.given_up,
    doneTo: row.done_to,
    links: row.links,
    held: row.held,
  }));
}

/** Plans that go on with the rules of one, itself first: they are undone together. */
export async function plansWithFollowers(client: ClientBase | Pool, plan: number): Promise<readonly number[]> {
  const { rows } = await client.query<{ plan_id: number }>(
    `with recursive f(plan_id) as (select $1::integer union select p.plan_id from duplicate_plans p join f on p.follows = f.plan_id)
      select plan_id from f order by plan_id`,
    [plan],
  );
  return rows.map(({ plan_id }) => plan_id);
}
