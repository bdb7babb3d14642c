import { InvalidInput } from '../../core/errors.ts';
import { migrate } from '../../warehouse/postgres/migrate.ts';
import type { CommandContext } from '../command.ts';
import { exitCodes } from '../exit.ts';

export async function migrateCommand({ config, output }: CommandContext): Promise<number> {
  if (config.databaseUrl === undefined)
    throw new InvalidInput('DATABASE_URL: expected a postgres:// URL, found nothing');
  const applied = await migrate(config.databaseUrl, config.names.controlSchema);
  output.say(applied.length === 0 ? 'The database is up to date.' : `Applied ${applied.join(', ')}.`);
  output.json({ applied });
  return exitCodes.ok;
}
