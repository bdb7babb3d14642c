import type { ClientBase } from 'pg';
import { InvalidInput } from '../core/errors.ts';
import { keyParts } from '../core/key-text.ts';
import { arrayLiteral, quoted } from '../core/sql-text.ts';
import { windowWithin } from '../core/window-within.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import { postgresTypes } from '../targets/postgres/column-types.ts';
import { targetOf } from '../targets/postgres/target-table.ts';
import { expectOwnKeys, otherKey } from './own-keys.ts';

/** Which keys a rebuild looks at: those that runs of a window brought or changed, or these, as the log calls them. */
export type Scope = { readonly window: string } | { readonly keys: readonly string[] };

interface ScopeOf {
  readonly stream: CompiledStream;
  readonly streamId: number;
  readonly scope: Scope;
}

/**
 * The keys that a rebuild looks at, and their events, in temporary tables of its connection. The keys are those there are when it begins. A
 * stream without a key has a row for each event: its rows are those of the window's own events.
 */
export class RebuildScope {
  /** Has the events in its column `event`, as far as they were gathered. */
  readonly events: string;
  /** How many keys; null: the stream has none. */
  readonly keys: number | null;
  readonly #client: ClientBase;
  readonly #stream: CompiledStream;
  readonly #streamId: number;
  /** Of the window that is asked for; undefined: keys were given. */
  readonly #labels: readonly string[] | undefined;

  private constructor(
    client: ClientBase,
    {
      stream,
      streamId,
      labels,
      keys,
    }: Omit<ScopeOf, 'scope'> & {
      readonly labels: readonly string[] | undefined;
      readonly keys: number | null;
    },
  ) {
    this.#client = client;
    this.#stream = stream;
    this.#streamId = streamId;
    this.#labels = labels;
    this.keys = keys;
    this.events = eventsOf(streamId);
  }

  /** Throws InvalidInput where the stream can only be rebuilt as a whole. */
  static async begin(client: ClientBase, of: ScopeOf): Promise<RebuildScope> {
    const { stream, streamId, scope } = of;
    const isLoose = stream.keyColumns.length === 0;
    refuse(of);
    const labels = 'window' in scope ? await labelsOf(client, of, scope.window) : undefined;
    await client.query(`drop table if exists ${keysOf(streamId)}, ${rowsOf(streamId)}, ${eventsOf(streamId)}`);
    await client.query(`create temp table ${eventsOf(streamId)} (event bigint primary key)`);
    if (isLoose) return new RebuildScope(client, { stream, streamId, labels, keys: null });
    await expectOwnKeys(client, { stream, streamId });
    await client.query(`create temp table ${keysOf(streamId)} (key text collate "C" primary key)`);
    if ('keys' in scope)
      await client.query(`insert into ${keysOf(streamId)} select distinct unnest($1::text[])`, [
        arrayLiteral(scope.keys),
      ]);
    else
      await client.query(
        `insert into ${keysOf(streamId)} select distinct e.key ${eventsOfWindow(streamId)} and e.key is not null`,
        [streamId, labels],
      );
    const keys = await fillRowKeys(client, { stream, streamId });
    return new RebuildScope(client, { stream, streamId, labels, keys });
  }

  /** Finds the events of a part of the log. One scan of it where no index knows the keys. */
  async gather({ after, to }: { readonly after: number; readonly to: number }): Promise<void> {
    const streamId = this.#streamId;
    const values = [after, to];
    if (this.keys === null)
      await this.#client.query(
        `insert into ${this.events} select e.event ${eventsOfWindow(streamId)} and e.event > $3 and e.event <= $4`,
        [streamId, this.#labels, ...values],
      );
    else
      await this.#client.query(
        `insert into ${this.events} select e.event from events_${streamId} e join ${keysOf(streamId)} k on k.key = e.key
          where e.event > $1 and e.event <= $2 and e.operation in ('u', 's', 'd')`,
        values,
      );
    await this.#client.query(`analyze ${this.events}`);
  }

  /** In SQL: those rows of the stream's table that are looked at. */
  get rows(): string {
    const live = targetOf(this.#stream);
    if (this.keys === null) return `(select t.* from ${live} t join ${this.events} s on s.event = t._event)`;
    const ofKeys = `from ${live} t join ${rowsOf(this.#streamId)} k on ${this.#isKey('t')}`;
    return this.#stream.definition.disposition === 'append'
      ? `(select t.* from ${live} t where t._event in (select event from ${this.events} union select t._event ${ofKeys}))`
      : `(select t.* ${ofKeys})`;
  }

  /** What came under one of these keys may be a row of another one by now: then the log calls records otherwise than the definition. */
  async expectOnly(build: string): Promise<void> {
    if (this.keys === null) return;
    const { rows } = await this.#client.query<{ others: boolean }>(
      `select exists (select from ${build} b where not exists (select from ${rowsOf(this.#streamId)} k where ${this.#isKey('b')})) as others`,
    );
    if (rows[0]?.others === true) throw otherKey(this.#stream);
  }

  async count(): Promise<{ readonly keys: number | null; readonly events: number }> {
    const { rows } = await this.#client.query<{ count: string }>(`select count(*) from ${this.events}`);
    return { keys: this.keys, events: Number(rows[0]?.count) };
  }

  async drop(): Promise<void> {
    const streamId = this.#streamId;
    await this.#client.query(`drop table if exists ${keysOf(streamId)}, ${rowsOf(streamId)}, ${eventsOf(streamId)}`);
  }

  #isKey(row: string): string {
    return this.#stream.keyColumns.map(({ name }, at) => `k.k${at} = ${row}.${quoted(name)}`).join(' and ');
  }
}

const keysOf = (streamId: number): string => `rebuild_keys_${streamId}`;
const rowsOf = (streamId: number): string => `rebuild_rows_${streamId}`;
const eventsOf = (streamId: number): string => `rebuild_events_${streamId}`;

const nameOf = ({ partner, name }: CompiledStream): string => `${partner.name} ${name}`;
const wholeOf = (stream: CompiledStream): string => `\`syncline rebuild ${nameOf(stream)}\` rebuilds all of it`;

function refuse({ stream, scope }: ScopeOf): void {
  if (stream.keyColumns.length > 0) return;
  if ('keys' in scope)
    throw new InvalidInput(
      `${stream.partner.name}.${stream.name} has no \`primaryKey\`: nothing tells which of its rows are of one key; ${wholeOf(stream)}`,
    );
  if (stream.definition.disposition === 'replace')
    throw new InvalidInput(
      `${stream.partner.name}.${stream.name} is a \`replace\` without a \`primaryKey\`: its rows are those of its last complete listing, and none ` +
        `of an earlier one; ${wholeOf(stream)}`,
    );
}

/** Those of the stream's own runs, and of runs of another stream that said which of its records are gone. */
async function labelsOf(client: ClientBase, { stream, streamId }: ScopeOf, window: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ label: string }>(
    `select window_label as label from stream_runs where stream_id = $1
      union select l.window_label from pages p join stream_runs l on l.sync_id = p.cursor_in where p.stream_id = $1 and p.kind = 'deletes'`,
    [streamId],
  );
  const labels = rows.map(({ label }) => label).filter((label) => windowWithin(label, window));
  if (labels.length === 0)
    throw new InvalidInput(
      `no run of ${stream.partner.name}.${stream.name} has read the window ${window}: \`syncline runs list --partner ${stream.partner.name}\` shows those there are`,
    );
  return labels;
}

/** Parameters: the stream, labels. A record that was replayed or released since is still one of the run that it came with. */
const eventsOfWindow = (streamId: number): string => `from events_${streamId} e
    join pages p on p.stream_id = $1 and p.page_id = coalesce(e.received_page, e.page)
    left join stream_runs r on r.stream_id = $1 and r.run_no = p.run_no and p.kind <> 'deletes'
    left join stream_runs l on l.sync_id = p.cursor_in and p.kind = 'deletes'
  where coalesce(r.window_label, l.window_label) = any ($2)`;

const PART = 10_000;

/** The keys as values, as rows have them. Returns how many keys there are; one that is no value of its type is no row's. */
async function fillRowKeys(
  client: ClientBase,
  { stream, streamId }: Pick<ScopeOf, 'stream' | 'streamId'>,
): Promise<number> {
  const { keyColumns } = stream;
  const columns = keyColumns.map(({ type }, at) => `k${at} ${postgresTypes[type]}`);
  await client.query(
    `create temp table ${rowsOf(streamId)} (${columns.join(', ')}, primary key (${keyColumns.map((_, at) => `k${at}`).join(', ')}))`,
  );
  let count = 0;
  let after: string | null = null;
  do {
    const keys = await keysAfter(client, streamId, after);
    const parts = keys.flatMap((key) => partsOf(key, keyColumns.length));
    await client.query(
      `insert into ${rowsOf(streamId)} select ${keyColumns.map(({ type }, at) => `p${at}::${postgresTypes[type]}`).join(', ')}
        from unnest(${keyColumns.map((_, at) => `$${at + 1}::text[]`).join(', ')}) as p(${keyColumns.map((_, at) => `p${at}`).join(', ')})
        where ${keyColumns.map(({ type }, at) => `pg_input_is_valid(p${at}, '${postgresTypes[type]}')`).join(' and ')} on conflict do nothing`,
      keyColumns.map((_, at) => arrayLiteral(parts.map((part) => part[at] as string))),
    );
    count += keys.length;
    after = keys.length < PART ? null : (keys.at(-1) as string);
  } while (after !== null);
  await client.query(`analyze ${keysOf(streamId)}, ${rowsOf(streamId)}`);
  return count;
}

async function keysAfter(client: ClientBase, streamId: number, after: string | null): Promise<readonly string[]> {
  const { rows } = await client.query<{ key: string }>(
    `select key from ${keysOf(streamId)} where $1::text is null or key > $1 order by key limit ${PART}`,
    [after],
  );
  return rows.map(({ key }) => key);
}

/** None where the text is no key of so many columns. */
function partsOf(key: string, columns: number): (readonly string[])[] {
  try {
    const parts: unknown = keyParts(key, columns);
    return Array.isArray(parts) && parts.length === columns ? [parts as string[]] : [];
  } catch {
    return [];
  }
}
