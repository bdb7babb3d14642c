import { functionFiles } from '../../warehouse/postgres/function-files.ts';
import { migrations } from '../../warehouse/postgres/migrate.ts';

/** What `migrate` applies to an empty database. */
export async function wholeSchema(): Promise<readonly string[]> {
  return [...(await migrations()), ...(await functionFiles()).map(({ file }) => file)];
}
