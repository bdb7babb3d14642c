import { parseDuration } from '../../core/duration.ts';
import { InvalidInput } from '../../core/errors.ts';
import { migrate } from '../../store/migrate/migrate.ts';
import type { CommandContext } from '../command.ts';
import { exitCodes } from '../exit.ts';

export async function migrateCommand({
  config,
  output,
  options,
}: CommandContext<{ patience: string }>): Promise<number> {
  if (config.databaseUrl === undefined)
    throw new InvalidInput('DATABASE_URL: expected a postgres:// URL, found nothing');
  const wholeMs = parseDuration(options.patience);
  if (wholeMs === undefined)
    throw new InvalidInput(
      `--patience: expected a duration such as 30s or 10m, found ${JSON.stringify(options.patience)}`,
    );
  const applied = await migrate(config.databaseUrl, {
    schema: config.names.controlSchema,
    wholeMs,
    say: output.say,
  });
  output.say(applied.length === 0 ? 'The database is up to date.' : `Applied ${applied.join(', ')}.`);
  output.json({ applied });
  return exitCodes.ok;
}
