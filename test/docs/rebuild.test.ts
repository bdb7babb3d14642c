import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { rebuild, rollback, type RebuildOptions } from '../../cli/commands/rebuild.ts';
import { readConfig } from '../../config/config.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import { ownPartners, type OwnPartner, type OwnPartners } from '../support/own-partner.ts';
import { said } from '../support/said.ts';

const document = readFileSync(new URL('../../docs/rebuild.md', import.meta.url), 'utf8');
const fences = (language: string): string[] =>
  [...document.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(([, text]) => text as string);
const nights = JSON.parse(fences('json')[0] as string) as unknown[][];
/** What each command prints, in the order of the document. */
const commands = fences('console').map((text) => {
  const [command = '', ...lines] = text.trim().split('\n');
  return { command: command.slice(2), lines };
});

let own: OwnPartners;
let acme: OwnPartner;
let served: unknown[] = [];
beforeAll(async () => {
  own = await ownPartners();
  const streams = parse(fences('yaml')[0] as string) as Record<string, StreamInput>;
  acme = await own.partner(() => ({ body: served }), streams);
  for (const [n, night] of nights.entries()) {
    served = night;
    for (const stream of Object.keys(streams)) await acme.read(stream, { window: `2026-11-0${n + 1}` });
  }
});
afterAll(() => own.close());

const config = () =>
  readConfig({ DATABASE_URL: own.databaseUrl, SYNCLINE_PARTNERS_DIR: own.folder, SYNCLINE_HOME: own.folder });

/** Runs it as it is written in the document: `--key` takes one word, or several between quotes. */
async function run(command: string): Promise<{ readonly code: number; readonly lines: string[] }> {
  const words = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? (plain as string));
  const [, name, , stream = '', ...rest] = words;
  const after = (option: string): string[] => rest.filter((_, at) => rest[at - 1] === option);
  const options: RebuildOptions = {
    target: after('--target')[0] ?? 'postgres',
    dryRun: rest.includes('--dry-run'),
    key: after('--key'),
    ...(rest.includes('--window') ? { window: after('--window')[0] as string } : {}),
  };
  const { code, text } = await said(config(), options, (context) =>
    (name === 'rollback' ? rollback : rebuild)({ ...context, partner: acme.name, stream }),
  );
  return { code, lines: text.replaceAll(acme.name, 'acme').trim().split('\n') };
}

const rows = async (): Promise<string[]> =>
  (
    await own.pool.query<{ row: string }>(
      `select '| ' || id || ' | ' || status || ' |' as row from ${acme.name}.payments order by id`,
    )
  ).rows.map(({ row }) => row);

describe('docs/rebuild.md', () => {
  test('corrects what runs of a window brought, then a key, then the rest', async () => {
    const right = await rows();
    await own.pool.query((fences('sql')[0] as string).replaceAll('acme.', `${acme.name}.`));
    for (const { command, lines } of commands)
      expect([command, ...(await run(command)).lines]).toEqual([command, ...lines]);
    expect(await rows()).toEqual(right);
  });

  test('refuses what it cannot do, and says what does it', async () => {
    for (const [command, says] of [
      [
        'syncline rebuild acme payments --window 2026-11-02 --target lake',
        /^--window and --key: a table in lake is made anew as a whole: `syncline rebuild own\S+ payments --target lake`$/,
      ],
      ['syncline rebuild acme payments.history --key p1', /^--window and --key: a history is made anew as a whole/],
      ['syncline rebuild acme payments --key p1 --window 2026-11-02', /give one of them/],
      ['syncline rebuild acme payments --window yesterday', /^window: expected a day/],
      ['syncline rebuild acme payments --window 2026-12-24', /no run of \S+\.payments has read the window 2026-12-24/],
    ] as const)
      await expect(run(command)).rejects.toThrow(says);
  });
});
