import type { ClientBase } from 'pg';
import { Clusters, type Apart, type Held } from '../../core/clusters.ts';

/** So many pairs are read, and written, at once. */
const STEP = 20_000;

export interface Numbered {
  readonly clusters: number;
  /** Rows of the largest one. */
  readonly largest: number;
  readonly held: number;
}

interface PairRow {
  readonly pair: number;
  readonly l: number;
  readonly r: number;
}

/**
 * Numbers what a plan's pairs hold together, the largest cluster first, and marks pairs that hold nothing. Memory: three numbers for each row that
 * a pair names. Call it in a transaction.
 */
export async function numberClusters(
  client: ClientBase,
  { plan, name, largest }: { readonly plan: number; readonly name: string; readonly largest: number },
): Promise<Numbered> {
  await client.query(
    `create temp table plan_rows on commit drop as
      select (row_number() over (order by stream, row) - 1)::integer as id, stream, row from (
        select left_stream as stream, left_row as row from duplicate_pairs where plan_id = ${plan}
        union select right_stream, right_row from duplicate_pairs where plan_id = ${plan}) n`,
  );
  await client.query('create unique index on plan_rows (stream, row); analyze plan_rows');
  const { rows: counted } = await client.query<{ count: number }>('select count(*)::integer as count from plan_rows');
  const rows = counted[0]?.count ?? 0;
  const all = new Clusters(rows);
  const capped = new Clusters(rows, await apartIn(client, name));
  await client.query('create temp table plan_held (pair integer, held text) on commit drop');
  let held = 0;
  for await (const pairs of pairsOf(client, plan)) {
    const found: { pair: number; held: Held }[] = [];
    for (const { pair, l, r } of pairs) {
      all.join({ left: l, right: r, largest: Number.POSITIVE_INFINITY });
      const why = capped.join({ left: l, right: r, largest });
      if (why !== undefined) found.push({ pair, held: why });
    }
    held += found.length;
    await client.query(
      'insert into plan_held select pair, held from json_to_recordset($1) as h(pair integer, held text)',
      [JSON.stringify(found)],
    );
  }
  const sizes = await noteRoots(client, { rows, rootOf: (row) => all.rootOf(row) });
  await client.query(
    `update duplicate_pairs p set cluster = c.cluster, held = h.held
      from plan_rows n join plan_clusters c using (id), (select pair, min(held) as held from plan_held group by pair) h
        right join (select pair from duplicate_pairs where plan_id = $1) every using (pair)
      where p.plan_id = $1 and every.pair = p.pair and n.stream = p.left_stream and n.row = p.left_row`,
    [plan],
  );
  return { ...sizes, held };
}

async function apartIn(client: ClientBase, name: string): Promise<readonly Apart[]> {
  const { rows } = await client.query<{ l: number; r: number }>(
    `select l.id as l, r.id as r from duplicate_never x join plan_rows l on l.stream = x.left_stream and l.row = x.left_row
      join plan_rows r on r.stream = x.right_stream and r.row = x.right_row where x.name = $1`,
    [name],
  );
  return rows.map(({ l, r }) => [l, r]);
}

/** The strongest first, equal ones by the names of their rows. */
async function* pairsOf(client: ClientBase, plan: number): AsyncGenerator<readonly PairRow[]> {
  await client.query(
    `declare plan_pairs no scroll cursor for select p.pair, l.id as l, r.id as r from duplicate_pairs p
      join plan_rows l on l.stream = p.left_stream and l.row = p.left_row join plan_rows r on r.stream = p.right_stream and r.row = p.right_row
      where p.plan_id = ${plan} order by p.weight desc, l.id, r.id`,
  );
  for (;;) {
    const { rows } = await client.query<PairRow>(`fetch ${STEP} from plan_pairs`);
    if (rows.length === 0) break;
    yield rows;
  }
  await client.query('close plan_pairs');
}

async function noteRoots(
  client: ClientBase,
  { rows, rootOf }: { readonly rows: number; readonly rootOf: (row: number) => number },
): Promise<Pick<Numbered, 'clusters' | 'largest'>> {
  await client.query('create temp table plan_roots (id integer, root integer) on commit drop');
  for (let from = 0; from < rows; from += STEP) {
    const ids = Array.from({ length: Math.min(STEP, rows - from) }, (_, at) => from + at);
    await client.query('insert into plan_roots select * from unnest($1::integer[], $2::integer[])', [
      ids,
      ids.map(rootOf),
    ]);
  }
  await client.query(
    `create temp table plan_clusters on commit drop as
      select id, cluster, size from plan_roots join (
        select root, count(*)::integer as size, (row_number() over (order by count(*) desc, min(id)))::integer as cluster
          from plan_roots group by root) c using (root)`,
  );
  await client.query('analyze plan_clusters');
  const { rows: sums } = await client.query<{ clusters: number; largest: number }>(
    'select coalesce(max(cluster), 0) as clusters, coalesce(max(size), 0) as largest from plan_clusters',
  );
  return sums[0] as (typeof sums)[number];
}
