import { existsSync, readFileSync } from 'node:fs';
import * as util from 'node:util';
import { InvalidInput } from '../core/errors.ts';

type Variables = Readonly<Record<string, string>>;

/** What `syncline dev` says by itself: a file for production or compose names other servers. */
const ownOfDev = /^(DATABASE_URL(_FILE)?|TEMPORAL_.*|SYNCLINE_(HOME|WORKFLOW_BUNDLE))$/;

/** The variables of a `.env` file that `syncline dev` and the commands beside it take; none without a file. */
export function readEnvFile(path: string): Variables {
  if (!existsSync(path)) return {};
  // Since Node 20.12; the types know no older one.
  const parse = (util as { readonly parseEnv?: (text: string) => Record<string, string | undefined> }).parseEnv;
  if (parse === undefined)
    throw new InvalidInput(
      `${path}: Node ${process.versions.node} cannot read it, Node 20.12 and newer can; update Node, or move the file away and export its variables`,
    );
  return Object.fromEntries(
    Object.entries(parse(readFileSync(path, 'utf8'))).flatMap(([name, value]) =>
      value === undefined || value === '' || ownOfDev.test(name) ? [] : [[name, value]],
    ),
  );
}
