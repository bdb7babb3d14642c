import { functionFiles } from '../../store/migrate/function-files.ts';
import { migrations } from '../../store/migrate/migrate.ts';

/** What `migrate` applies to an empty database. */
export async function wholeSchema(): Promise<readonly string[]> {
  return [...(await migrations()), ...(await functionFiles()).map(({ file }) => file)];
}
