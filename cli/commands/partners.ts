import { explain } from '../../core/errors.ts';
import type { Partner } from '../../definitions/definition.ts';
import { listPartners } from '../../definitions/load.ts';
import type { CommandContext } from '../command.ts';
import { exitCodes } from '../exit.ts';
import { loadWhole } from '../load-whole.ts';

export async function partnersList({ config, output }: CommandContext): Promise<number> {
  const rows = [];
  for (const name of await listPartners(config.partnersDir)) {
    const loaded = await loadWhole(name, { dir: config.partnersDir, env: config.env }).then(
      ({ partner }) => partner,
      (error: unknown) => error,
    );
    rows.push(
      isPartner(loaded)
        ? { partner: name, state: 'fits', streams: Object.keys(loaded.streams).join(', '), baseUrl: loaded.baseUrl }
        : { partner: name, state: 'broken', streams: '', baseUrl: '', problem: explain(loaded) },
    );
  }
  output.json(rows);
  if (rows.length === 0)
    output.say(`No partner in ${config.partnersDir} yet: docs/definitions.md shows how to write one.`);
  else output.table(rows, ['partner', 'state', 'streams', 'baseUrl']);
  for (const row of rows) if ('problem' in row) output.say(`\n${row.problem}`);
  return rows.some((row) => row.state === 'broken') ? exitCodes.failed : exitCodes.ok;
}

const isPartner = (value: unknown): value is Partner =>
  typeof value === 'object' && value !== null && 'streams' in value;
