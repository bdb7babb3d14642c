import { assertNever } from '../../core/assert-never.ts';
import { InvalidInput } from '../../core/errors.ts';
import { compilePartner } from '../../definitions/compile.ts';
import { loadPartner } from '../../definitions/load.ts';
import { planTable, type PlannedTable } from '../../landing/plan-table.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { exitCodes } from '../exit.ts';

interface PlanContext extends CommandContext {
  readonly partner: string;
  /** Empty: all. */
  readonly streams: readonly string[];
}

/** Says what the next run would do to tables, as the definition is now. Changes nothing, and asks no partner. */
export async function plan({ config, output, partner, streams }: PlanContext): Promise<number> {
  const all = compilePartner(await loadPartner(partner, { dir: config.partnersDir, env: config.env }), config.names);
  const unknown = streams.find((name) => !all.has(name));
  if (unknown !== undefined)
    throw new InvalidInput(
      `partner ${partner} has no stream ${JSON.stringify(unknown)}; there are ${[...all.keys()].join(', ')}`,
    );
  const chosen = [...all].filter(([name]) => streams.length === 0 || streams.includes(name));
  const planned: (PlannedTable & { readonly stream: string })[] = [];
  await withDatabase(config, async (pool) => {
    for (const [name, stream] of chosen) planned.push({ stream: name, ...(await planTable(pool, stream)) });
  });
  output.json({ partner, streams: planned.map((one) => ({ ...one, says: inWords(one) })) });
  for (const one of planned) output.say(`${partner}.${one.stream}: ${inWords(one)}`);
  return planned.some((one) => one.plan.does === 'refuse') ? exitCodes.failed : exitCodes.ok;
}

function inWords({ table, events, targets, plan: planned }: PlannedTable): string {
  switch (planned.does) {
    case 'nothing':
      return `${table} stays as it is`;
    case 'make':
      return events === 0
        ? `the first run makes ${table}`
        : `${table} is gone: the next run makes it again from ${counted(events)} of the log`;
    case 'add':
      return `the next run adds ${planned.columns.join(', ')} to ${table}`;
    case 'remake': {
      const others = targets.length === 0 ? '' : `, and the next load its table in ${targets.join(', ')}`;
      return `transforms have changed: the next run makes ${table} anew from ${counted(events)} of the log${others}`;
    }
    case 'refuse':
      return planned.reason;
    default:
      return assertNever(planned);
  }
}

const counted = (events: number): string => (events === 1 ? '1 event' : `${events.toLocaleString('en-US')} events`);
