import { createInterface } from 'node:readline/promises';
import { userInfo } from 'node:os';
import type { Client } from '@temporalio/client';
import {
  applyChange,
  catchUpSchedule,
  listSchedules,
  pauseSchedule,
  presentOf,
  resumeSchedule,
  triggerSchedule,
} from '../../client/schedules.ts';
import { explain, InvalidInput } from '../../core/errors.ts';
import type { DeclaredSchedule } from '../../core/schedule.ts';
import { startOf } from '../../core/window.ts';
import { clockWarnings } from '../../definitions/clock-warnings.ts';
import type { CommandContext } from '../command.ts';
import { withTemporal } from '../context.ts';
import { describeChange } from '../describe-schedule.ts';
import { exitCodes } from '../exit.ts';
import { allDeclaring, compareWithTemporal, isPending, type Declaring } from '../schedule-changes.ts';
import { scheduleRows, type ScheduleRow } from '../schedule-rows.ts';

/** Makes Temporal's schedules what the definitions say. Shows what will change first; without `--yes` it asks. */
export async function scheduleApply(context: CommandContext<{ yes?: boolean; dryRun?: boolean }>): Promise<number> {
  const { config, output, options } = context;
  const declaring = await allDeclaring(config);
  for (const warning of warningsOf(declaring)) output.say(`CAUTION: ${warning}`);
  return withTemporal(config, async (client) => {
    const { changes } = await compareWithTemporal(client, config.names, declaring);
    const pending = changes.filter(isPending);
    for (const change of changes) for (const line of describeChange(change)) output.say(line);
    const applied = pending.length > 0 && options.dryRun !== true && (await agreed(context, pending.length));
    if (applied) for (const change of pending) await applyChange(client, config.names, change);
    output.json({ changes, applied });
    if (pending.length === 0) output.say('Temporal has what the definitions say.');
    else if (applied) output.say(`${pending.length} changed.`);
    else if (options.dryRun !== true) {
      output.say('Nothing was changed: add --yes.');
      return exitCodes.usage;
    }
    return exitCodes.ok;
  });
}

async function agreed({ options }: CommandContext<{ yes?: boolean }>, count: number): Promise<boolean> {
  if (options.yes === true) return true;
  if (!process.stdin.isTTY || !process.stdout.isTTY) return false;
  const asking = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await asking.question(`Make ${count === 1 ? 'this change' : `these ${count} changes`}? [y/N] `);
  asking.close();
  return /^y(es)?$/i.test(answer.trim());
}

function warningsOf({ partners, duplicates, compares }: Declaring): readonly string[] {
  const all = [
    ...partners.flatMap(({ name: partner, schedules, reconcile }) =>
      Object.entries({ ...schedules, ...reconcile }).map(([name, times]) => ({ of: `${partner} ${name}`, times })),
    ),
    ...[...duplicates].flatMap(([name, { join }]) =>
      join === undefined ? [] : [{ of: `duplicates ${name}`, times: join }],
    ),
    ...[...compares].map(([name, times]) => ({ of: `targets ${name}`, times })),
  ];
  return all.flatMap(({ of, times }) => clockWarnings(times, Date.now()).map((warning) => `${of}: ${warning}`));
}

export async function scheduleList({ config, output }: CommandContext): Promise<number> {
  const declaring = await allDeclaring(config).catch(explain);
  return withTemporal(config, async (client) => {
    const { found, changes } =
      typeof declaring === 'string'
        ? { found: await listSchedules(client, config.names), changes: [] }
        : await compareWithTemporal(client, config.names, declaring);
    const rows = await scheduleRows(client, found);
    output.json(rows);
    if (rows.length === 0)
      output.say(
        'There is no schedule: write `schedules` or `reconcile` into a definition, `join` into duplicates.yaml, or `compare` into targets.yaml, then `schedule apply`.',
      );
    else print(output, rows);
    if (typeof declaring === 'string') output.say(`The definitions cannot be compared: ${declaring}`);
    else if (changes.some(isPending))
      output.say('The definitions say something else: `syncline schedule apply --dry-run` shows what.');
    return exitCodes.ok;
  });
}

function print(output: CommandContext['output'], rows: readonly ScheduleRow[]): void {
  output.table(
    rows.map((row) => ({
      // Most are syncs, and the table is wide.
      schedule: `${row.partner} ${row.name}${row.kind === 'sync' ? '' : ` (${row.kind})`}`,
      when: `${row.cron.join(' and ')} ${row.timeZone}`,
      next: row.paused ? 'paused' : row.next?.replace('.000Z', 'Z'),
      'last slot': row.last?.slot,
      outcome: row.last?.outcome ?? row.last?.status,
      running: row.running,
    })),
    ['schedule', 'when', 'next', 'last slot', 'outcome', 'running'],
  );
  for (const { partner, name, paused, note, missed, skipped } of rows) {
    if (paused) output.say(`${partner} ${name} is paused: ${note ?? 'nobody said why'}`);
    if (missed > 0)
      output.say(
        `${partner} ${name}: ${missed} runs were missed for longer than catchUp; \`schedule trigger --from\` runs them`,
      );
    if (skipped > 0) output.say(`${partner} ${name}: ${skipped} runs were skipped because another one was still going`);
  }
}

type Named<O = object> = CommandContext<O> & { readonly partner: string; readonly name: string | undefined };

export const schedulePause = (context: Named<{ reason: string }>): Promise<number> =>
  withTemporal(context.config, async (client) => {
    const of = await chosen(client, context);
    await pauseSchedule(client, context.config.names, of, `${given(context.options.reason)} (${userInfo().username})`);
    context.output.json({ ...of, paused: true });
    context.output.say(`${of.partner} ${of.name} is paused. Runs under way go on: \`syncline runs cancel\` ends them.`);
    return exitCodes.ok;
  });

export const scheduleResume = (context: Named<{ reason: string }>): Promise<number> =>
  withTemporal(context.config, async (client) => {
    const of = await chosen(client, context);
    await resumeSchedule(client, context.config.names, of, `${given(context.options.reason)} (${userInfo().username})`);
    context.output.json({ ...of, paused: false });
    context.output.say(
      `${of.partner} ${of.name} goes on. Slots within the pause were skipped: \`schedule trigger --from … --to …\` runs them.`,
    );
    return exitCodes.ok;
  });

export const scheduleTrigger = (context: Named<{ from?: string; to?: string }>): Promise<number> =>
  withTemporal(context.config, async (client) => {
    const { options, output } = context;
    const range = rangeOf(options);
    const of = await chosen(client, context);
    if (range === undefined) await triggerSchedule(client, context.config.names, of);
    else await catchUpSchedule(client, context.config.names, of, range);
    output.json({ ...of, ...range });
    output.say(
      range === undefined
        ? `Started ${of.partner} ${of.name}; a window that is done is not read again.`
        : `The slots of ${of.partner} ${of.name} from ${range.from.toISOString()} to ${range.to.toISOString()} are run one after the other; what is done is not read again.`,
    );
    return exitCodes.ok;
  });

function rangeOf({ from, to }: { readonly from?: string; readonly to?: string }): { from: Date; to: Date } | undefined {
  if (from === undefined && to === undefined) return undefined;
  if (from === undefined) throw new InvalidInput('--from: missing; --to needs the time of the first slot as well');
  const range = { from: timeOf('--from', from), to: to === undefined ? new Date() : timeOf('--to', to) };
  if (range.to <= range.from) throw new InvalidInput(`--to: expected a time after --from ${from}, found ${String(to)}`);
  if (range.to.getTime() > Date.now() + 1000)
    throw new InvalidInput(`--to: expected a time that is over, found ${String(to)}`);
  return range;
}

function timeOf(flag: string, text: string): Date {
  const start = startOf(text);
  if (start !== undefined) return new Date(start);
  throw new InvalidInput(
    `${flag}: expected a day (2026-11-24, from its beginning in UTC) or a time (2026-11-24T03:00:00Z), found ${JSON.stringify(text)}`,
  );
}

/** A partner with one schedule needs no name for it. */
async function chosen(
  client: Client,
  { config, partner, name }: Pick<Named, 'config' | 'partner' | 'name'>,
): Promise<DeclaredSchedule> {
  const all = (await listSchedules(client, config.names)).map((found) => presentOf(found).declared);
  const own = all.filter((each) => each.partner === partner);
  const fitting = name === undefined ? own : own.filter((each) => each.name === name);
  if (fitting.length === 1) return fitting[0] as DeclaredSchedule;
  if (own.length === 0)
    throw new InvalidInput(
      `Temporal has no schedule of ${partner}; it has ${[...new Set(all.map((each) => each.partner))].join(', ') || 'none at all'}: \`syncline schedule apply\` creates what the definitions declare`,
    );
  throw new InvalidInput(
    `schedule: expected one of ${own.map((each) => each.name).join(', ')}, found ${name === undefined ? 'none' : JSON.stringify(name)}`,
  );
}

function given(reason: string): string {
  if (reason.trim() === '') throw new InvalidInput('--reason: expected why, found nothing');
  return reason.trim();
}
