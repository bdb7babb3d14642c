import { setTimeout as wait } from 'node:timers/promises';
import type { Pool } from 'pg';
import { startReconcile, type StartedReconcile } from '../../client/start-reconcile.ts';
import { MINUTE, SECOND } from '../../core/duration.ts';
import { InvalidInput } from '../../core/errors.ts';
import type { ReconcileLevel } from '../../core/reconcile.ts';
import { startOf } from '../../core/window.ts';
import { compilePartner } from '../../definitions/compile.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { comparableStreams, expectComparedSo } from '../../definitions/comparable-streams.ts';
import { loadPartner } from '../../definitions/load.ts';
import { readReconciliation, type Reconciliation } from '../../store/reconcile/read-reconciliations.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { boundLines, exitCodeOf, findingLines, summaryColumns, summaryOf, whatToDo } from '../reconcile-lines.ts';
import { positive } from '../positive.ts';
import { streamNamed } from '../stream-named.ts';
import { leaveRunning, untilInterrupted } from '../until-interrupted.ts';
import { tracedTemporal } from '../traced-temporal.ts';

export interface ReconcileOptions {
  readonly level: ReconcileLevel;
  readonly from?: string;
  readonly to?: string;
  readonly label?: string;
  readonly sample?: string;
  readonly wait: boolean;
}

type Context = CommandContext<ReconcileOptions> & { readonly partner: string; readonly streams: readonly string[] };

export async function reconcileStart(context: Context): Promise<number> {
  const { config, options, output, partner } = context;
  const { level } = options;
  const range = rangeOf(options);
  const sample = options.sample === undefined ? null : positive('--sample', options.sample);
  const label = options.label ?? `${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}Z`;
  if (!/^[\w.+-]{1,80}$/.test(label))
    throw new InvalidInput(
      `--label: expected up to 80 letters, digits, ".", "_", "+" or "-", found ${JSON.stringify(label)}`,
    );
  const chosen = await streamsOf(context, { range, sample });
  return tracedTemporal(context, { name: 'reconcile', facts: { partner } }, async (client) => {
    const started: StartedReconcile[] = [];
    for (const { name: stream } of chosen)
      started.push(await startReconcile(client, config.names, { partner, stream, level, range, sample, label }));
    for (const { id } of started) output.say(`Reconciliation ${id}`);
    if (!options.wait) {
      output.json({ started: started.map(({ id }) => id) });
      return exitCodes.ok;
    }
    const interrupted = untilInterrupted();
    const done = await withDatabase(config, (pool) =>
      Promise.race([untilEnded(pool, started), interrupted.signal]),
    ).finally(() => interrupted.forget());
    if (done === 'interrupted') return leaveRunning({ output }, started[0]?.id ?? '', { group: 'reconcile' });
    return printed(context, done);
  });
}

function rangeOf({ from, to }: ReconcileOptions): { readonly from: string; readonly to: string } | null {
  if (from === undefined && to === undefined) return null;
  if (from === undefined) throw new InvalidInput('--to needs --from: since when');
  const begins = startOf(from);
  const ends = to === undefined ? new Date().toISOString() : startOf(to);
  if (begins === undefined) throw wrongTime('--from', from);
  if (ends === undefined) throw wrongTime('--to', String(to));
  const included =
    to === undefined || to.includes('T') ? ends : new Date(Date.parse(ends) + 24 * 60 * MINUTE).toISOString();
  if (included <= begins) throw new InvalidInput('--to: expected an end after --from');
  return { from: begins, to: included };
}

const wrongTime = (flag: string, text: string): InvalidInput =>
  new InvalidInput(
    `${flag}: expected a day or a time (2026-01-01, 2026-01-01T06:00:00Z), found ${JSON.stringify(text)}`,
  );

/** Those that are named, or all that can be compared in this way. */
async function streamsOf(
  { config, partner, streams, options: { level } }: Context,
  how: { readonly range: ReturnType<typeof rangeOf>; readonly sample: number | null },
): Promise<readonly CompiledStream[]> {
  const definition = await loadPartner(partner, { dir: config.partnersDir, env: config.env, forgiveMissing: true });
  const all = compilePartner(definition, config.names);
  if (streams.length === 0) return comparableStreams(partner, all, { level, ...how });
  const named = streams.map((name) => streamNamed(all, name));
  for (const stream of named) expectComparedSo(all, stream, { level, ...how });
  return named;
}

/** Ends, too, once all that are left wait for long: they go on by themselves. */
async function untilEnded(pool: Pool, started: readonly StartedReconcile[]): Promise<readonly Reconciliation[]> {
  const ended = new Set<string>();
  for (const { id, handle } of started)
    handle.result().then(
      () => ended.add(id),
      () => ended.add(id),
    );
  for (let waitMs = 100; ; waitMs = Math.min(waitMs * 2, 5 * SECOND)) {
    const waits = async (id: string): Promise<boolean> => {
      if (ended.has(id)) return true;
      const { deferredUntil } = await readReconciliation(pool, id).catch(() => ({ deferredUntil: null }));
      return deferredUntil !== null && Date.parse(deferredUntil) > Date.now() + MINUTE;
    };
    if ((await Promise.all(started.map(({ id }) => waits(id)))).every(Boolean)) break;
    await wait(waitMs);
  }
  // One that was refused was written down nowhere, and says why itself.
  const refused = started.filter(({ id }) => ended.has(id));
  return Promise.all(
    started.map(async ({ id, handle }) =>
      readReconciliation(pool, id).catch(async (error: unknown) => {
        if (refused.some((each) => each.id === id)) await handle.result();
        throw error;
      }),
    ),
  );
}

function printed({ output }: Context, done: readonly Reconciliation[]): number {
  output.json(done);
  output.table(done.map(summaryOf), summaryColumns);
  for (const of of done) {
    if (of.reason !== null) output.say(`${of.stream}: ${of.reason}`);
    if (of.deferredUntil !== null) output.say(`${of.stream}: waits until ${of.deferredUntil}, and goes on by itself`);
    for (const line of [...boundLines(of), ...findingLines(of)]) output.say(line);
    for (const line of whatToDo(of)) output.say(line);
  }
  return exitCodeOf(done);
}
