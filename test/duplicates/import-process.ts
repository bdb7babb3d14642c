import { importDecisions } from '../../cli/commands/duplicates-import.ts';
import { readConfig } from '../../config/config.ts';
import { said } from '../support/said.ts';

/** A process of its own that takes decisions from a file: `import-process URL PLAN FILE`. */
const [, , url = '', plan = '', file = ''] = process.argv;
const config = readConfig({ DATABASE_URL: url });
process.stdout.write('begins\n');
await said(config, { file, reason: 'a test' }, (context) => importDecisions({ ...context, plan }));
