import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { z } from 'zod';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { freshNamespace } from '../support/fresh-namespace.ts';
import { temporalAddress } from '../support/temporal.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { compiledCli } from './run-syncline.ts';

const acme = `
name: acme
baseUrl: http://127.0.0.1:1
streams:
  orders: { path: /orders, primaryKey: [id], schema: { type: object, properties: { id: { type: string } } } }
`;

let database: TestDatabase;
let folder: TemporaryFolder;
let env: Record<string, string>;
beforeAll(async () => {
  const [fresh, files, namespace] = await Promise.all([freshDatabase(), temporaryFolder(), freshNamespace()]);
  [database, folder] = [fresh, files];
  await writeFile(join(folder.path, 'acme.yaml'), acme);
  env = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder.path,
    DATABASE_URL: database.url,
    TEMPORAL_ADDRESS: temporalAddress(),
    TEMPORAL_NAMESPACE: namespace,
    SYNCLINE_PARTNERS_DIR: folder.path,
    SYNCLINE_HOME: folder.path,
  };
});
afterAll(async () => {
  await database?.drop();
  await folder?.remove();
});

/** They stay up until they are stopped; what they print first is theirs to test. */
const stayUp = [
  'dev',
  'demo',
  'worker',
  'ingest',
  'codec',
  'ui',
  'auth',
  'chaos',
  'partners record',
  'partners replay',
];

/** Runs every command of the tree with --json in one process: starting each anew would take half a minute. */
const everyCommand = (main: string, stay: readonly string[]): string => `
const { program } = await import(${JSON.stringify(pathToFileURL(main).href)});
const values = { partner: 'acme', stream: 'orders', streams: 'orders', names: 'acme', target: 'postgres', dir: 'made', folder: 'made', limit: 'rate', value: '1', shell: 'bash' };
const options = { '--from': '2026-01-01', '--to': '2026-01-02', '--scope': 'acme/*' };
const results = [];
const write = process.stdout.write.bind(process.stdout);
const walk = async (command, path) => {
  const below = command.commands.filter((each) => each.name() !== 'help');
  for (const each of below) await walk(each, [...path, each.name()]);
  if (below.length > 0 || ${JSON.stringify(stay)}.includes(path.join(' '))) return;
  const args = command.registeredArguments.map((argument) => values[argument.name()] ?? (path[0] === 'partners' ? 'acme' : 'x'));
  const needed = command.options.filter(({ mandatory }) => mandatory).flatMap(({ long }) => [long, options[long] ?? 'x']);
  if (command.options.some(({ long }) => long === '--no-wait')) needed.push('--no-wait');
  if (command.options.some(({ long }) => long === '--offline')) needed.push('--offline');
  let printed = '';
  process.stdout.write = (text) => { printed += text; return true; };
  let failed = null;
  try { await program.parseAsync([...path, ...args, ...needed, '--json'], { from: 'user' }); } catch (error) { failed = String(error); }
  process.stdout.write = write;
  results.push({ command: [...path, ...args, ...needed].join(' '), printed, failed });
};
await walk(program, []);
write(JSON.stringify(results), () => process.exit(0));
`;

const results = z.array(z.object({ command: z.string(), printed: z.string(), failed: z.string().nullable() }));

test('with --json every command prints one JSON document and nothing else, also when it cannot do its work', async () => {
  const program = join(compiledCli, '../program.js');
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', everyCommand(program, stayUp)],
    { env, cwd: folder.path, maxBuffer: 64 * 1024 * 1024 },
  );
  const ran = results.parse(JSON.parse(stdout));
  expect(ran.length).toBeGreaterThan(60);
  const wrong = ran.filter(({ printed, failed }) => {
    const document = parsed(printed);
    return document === undefined || (failed !== null && !isErrorDocument(document));
  });
  expect(wrong).toEqual([]);
  // Most of them have something to do: a list of errors would show little.
  expect(ran.filter(({ failed }) => failed === null).length).toBeGreaterThan(30);
});

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isErrorDocument = (document: unknown): boolean =>
  z
    .object({ error: z.object({ message: z.string().min(1), exitCode: z.union([z.literal(1), z.literal(2)]) }) })
    .safeParse(document).success;
