import { readFile } from 'node:fs/promises';
import type { Pool } from 'pg';
import { z } from 'zod';
import { InvalidInput } from '../../core/errors.ts';
import { askedKey } from '../../core/key-asked.ts';
import { keyDigest } from '../../core/key-digest.ts';
import { historyOf, isHistory, streamOf as withoutHistory } from '../../core/table-name.ts';
import { compilePartner } from '../../definitions/compile.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { erase, eraseAgain, type EraseReport, type Whose } from '../../landing/erase.ts';
import { noteMadeAnew, readErasures, type Erased, type Erasure } from '../../store/erasure/erasures.ts';
import { staleLinksOf } from '../../store/duplicates/written-links.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { pendingExport, pendingWords } from '../../store/exports/pending-exports.ts';
import { eraseInExport, exportLines } from '../erase-in-exports.ts';
import { exitCodes } from '../exit.ts';
import { loadWhole } from '../load-whole.ts';
import { givenReason, whoami } from '../person.ts';
import { streamNamed } from '../stream-named.ts';

export interface EraseOptions {
  readonly where?: string;
  readonly reason?: string;
  readonly apply?: boolean;
}

interface EraseContext extends CommandContext<EraseOptions> {
  readonly partner: string;
  readonly stream: string;
  readonly key: readonly string[];
}

/** Erases what is kept of somebody. Without `--apply` it says what would go. */
export async function eraseRecords(context: EraseContext): Promise<number> {
  const { config, output, options, partner, stream: name, key } = context;
  const { apply = false } = options;
  const stream = await streamOf(context, partner, name);
  const whose = whoseOf(stream, key, options.where);
  if (apply && options.reason === undefined)
    throw new InvalidInput('--apply needs --reason: why, in a few words that name nobody; it is kept as the proof');
  const reason = apply ? givenReason(options.reason ?? '') : '';
  return withDatabase(config, async (pool) => {
    const report = await erase(pool, { stream, whose, reason, by: whoami(), dryRun: !apply });
    if (report.keys === 0 && report.erased.events === 0 && report.erased.quarantined === 0) {
      output.json({ partner, stream: name, applied: false, ...report, pending: [] });
      output.say(`Nothing of ${partner}.${name} is kept under it.`);
      return exitCodes.failed;
    }
    for (const line of erasedLines(report, apply)) output.say(line);
    const exports = report.exports.map(pendingExport);
    if (!apply) {
      for (const line of await exportLines(pool, report.exports)) output.say(line);
      output.json({ partner, stream: name, applied: false, ...report, pending: [...report.targets, ...exports] });
      output.say('Nothing was changed: --apply --reason … does it. It cannot be undone.');
      return exitCodes.ok;
    }
    const pending = await eraseElsewhere(context, pool, { stream, report });
    const links = await staleLinksOf(pool, `${partner}.${name}`);
    for (const each of links) output.say(linksLine(each));
    output.json({ partner, stream: name, applied: true, ...report, pending, links });
    return pending.length === 0 ? exitCodes.ok : exitCodes.partial;
  });
}

/** Erasures that were done: who, why and how much, and no key. */
export async function eraseList({ config, output }: CommandContext): Promise<number> {
  return withDatabase(config, async (pool) => {
    const erasures = await readErasures(pool);
    output.json({ erasures: erasures.map(written) });
    if (erasures.length === 0) output.say('Nothing was erased.');
    else
      output.table(
        erasures.map(({ erasure, partner, stream, digests, at, by, reason, pending }) => ({
          erasure: erasure.slice(0, 8),
          stream: `${partner}.${stream}`,
          keys: digests.length,
          at: at.slice(0, 19).replace('T', ' '),
          by,
          reason,
          'still in': pending.map(pendingWords).join(', '),
        })),
        ['erasure', 'stream', 'keys', 'at', 'by', 'reason', 'still in'],
      );
    return exitCodes.ok;
  });
}

interface VerifyContext extends CommandContext {
  readonly partner: string;
  readonly stream: string;
  readonly key: readonly string[];
}

/** Whether a key was erased: who knows it can tell, from the digests alone. */
export async function eraseVerify(context: VerifyContext): Promise<number> {
  const { config, output, partner, stream: name, key: words } = context;
  const stream = await streamOf(context, partner, name);
  const key = askedKey(words, stream.keyColumns);
  return withDatabase(config, async (pool) => {
    const found = (await readErasures(pool)).filter(
      (erasure) =>
        erasure.partner === partner &&
        erasure.stream === name &&
        erasure.digests.some((digest) => digest.equals(keyDigest(erasure.salt, { partner, stream: name }, key))),
    );
    output.json({ partner, stream: name, erased: found.map(written) });
    if (found.length === 0) output.say('No erasure has this key.');
    for (const { erasure, at, by, reason } of found)
      output.say(`Erased at ${at} by ${by} (${reason}), in erasure ${erasure.slice(0, 8)}.`);
    return found.length === 0 ? exitCodes.failed : exitCodes.ok;
  });
}

/** Applies all erasures once more, also those of a list that was kept elsewhere: a backup that was restored brings back what was erased since. */
export async function eraseReapply(context: CommandContext<{ readonly from?: string }>): Promise<number> {
  const { config, output, options } = context;
  return withDatabase(config, async (pool) => {
    const listed = options.from === undefined ? [] : await readList(options.from);
    const known = await readErasures(pool);
    const all = [...known, ...listed.filter(({ erasure }) => !known.some((other) => other.erasure === erasure))];
    const done: (EraseReport & { readonly pending: readonly string[] })[] = [];
    for (const erasure of all) {
      const stream = await streamOf(context, erasure.partner, erasure.stream);
      const report = await eraseAgain(pool, { stream, erasure });
      output.say(
        `${erasure.erasure.slice(0, 8)} ${erasure.partner}.${erasure.stream}: ${report.keys === 0 ? 'nothing had come back' : `${report.keys} keys erased again`}.`,
      );
      const pending = await eraseElsewhere(context, pool, { stream, report });
      done.push({ ...report, pending });
    }
    const links = new Set<string>();
    for (const { partner, stream } of all)
      for (const each of await staleLinksOf(pool, `${partner}.${stream}`)) links.add(each);
    for (const each of links) output.say(linksLine(each));
    output.json({ erasures: done, links: [...links] });
    if (all.length === 0) output.say('No erasure is known.');
    return done.every(({ pending }) => pending.length === 0) ? exitCodes.ok : exitCodes.partial;
  });
}

/** In other warehouses, then in exports. Returns what could not be reached. */
async function eraseElsewhere(
  context: Pick<CommandContext, 'config' | 'output'>,
  pool: Pool,
  { stream, report }: { readonly stream: CompiledStream; readonly report: EraseReport },
): Promise<readonly string[]> {
  const erasure = report.erasure as string;
  const place = { partner: stream.partner.name, stream: stream.name };
  const pending = [...(await makeAnew(context, { erasure, place, targets: report.targets }))];
  for (const id of report.exports) {
    const { done, says } = await eraseInExport(pool, { stream, erasure, export: id }).catch((error: unknown) => ({
      done: false,
      says: `export ${id.slice(0, 8)}: still has it (${error instanceof Error ? error.message : String(error)}). \`syncline erase again\` goes on there.`,
    }));
    context.output.say(says);
    if (!done) pending.push(pendingExport(id));
  }
  return pending;
}

const linksLine = (name: string): string =>
  `Links of ${name} that were written for other warehouses are out of date, and may name who was erased: write them again (\`syncline duplicates links ${name} --out …\`), ` +
  'load them into each warehouse that has views over them, and delete the files of before.';

interface MadeAnew {
  readonly erasure: string;
  readonly place: { readonly partner: string; readonly stream: string };
  readonly targets: readonly string[];
}

/** Tables in other warehouses, from the log. Returns the targets that nobody could do it in. */
async function makeAnew(
  { config, output }: Pick<CommandContext, 'config' | 'output'>,
  { erasure, place, targets }: MadeAnew,
): Promise<readonly string[]> {
  const pending: string[] = [];
  for (const target of targets)
    try {
      const { rebuildInTarget } = await import('./rebuild-in-target.ts');
      const table = isHistory(target) ? { ...place, stream: historyOf(place.stream) } : place;
      await rebuildInTarget(
        { config, output },
        { target: withoutHistory(target), ...table, action: 'erase', acceptUnfit: false, logChanged: true },
      );
      await withDatabase(config, (pool) => noteMadeAnew(pool, erasure, target));
      output.say(`${target}: made anew from the log, and nothing of the table before is kept.`);
    } catch (error) {
      pending.push(target);
      output.say(
        `${target}: still has it (${error instanceof Error ? error.message : String(error)}). \`syncline erase again\` goes on there.`,
      );
    }
  return pending;
}

async function streamOf(
  { config }: Pick<CommandContext, 'config'>,
  partner: string,
  name: string,
): Promise<CompiledStream> {
  const loaded = await loadWhole(partner, { dir: config.partnersDir, env: config.env });
  return streamNamed(compilePartner(loaded.partner, config.names), name);
}

function whoseOf(stream: CompiledStream, words: readonly string[], where: string | undefined): Whose {
  if (where === undefined) {
    if (words.length === 0) throw new InvalidInput('expected a key, or --where field=value');
    return { key: askedKey(words, stream.keyColumns) };
  }
  if (words.length > 0) throw new InvalidInput('expected a key or --where, not both');
  const [, field, value] = /^([^=]+)=(.*)$/s.exec(where) ?? [];
  if (field === undefined || value === undefined || value === '')
    throw new InvalidInput('--where: expected field=value, such as --where customer.id=cus_1');
  return { field, value };
}

const places: readonly (readonly [keyof Erased, string])[] = [
  ['events', 'events of the log'],
  ['rows', 'rows of its table'],
  ['quarantined', 'entries of the quarantine'],
  ['tombstones', 'tombstones'],
  ['waiting', 'records that wait for others'],
  ['anomalies', 'anomalies'],
  ['pages', 'rows of the ledger whose cursor or parent held a key'],
  ['runs', 'checkpoints'],
  ['parents', 'parents that were read'],
];

const erasedLines = ({ keys, erased, targets }: EraseReport, applied: boolean): readonly string[] => [
  `${keys} ${keys === 1 ? 'key' : 'keys'}:`,
  ...places.filter(([place]) => erased[place] > 0).map(([place, what]) => `  ${erased[place]} ${what}`),
  ...(targets.length === 0 || applied ? [] : [`  its tables in ${targets.join(', ')}, made anew from the log`]),
];

const erasureShape = z.object({
  erasure: z.uuid(),
  partner: z.string(),
  stream: z.string(),
  salt: z.string().regex(/^[0-9a-f]{32}$/),
  digests: z.array(z.string().regex(/^[0-9a-f]{64}$/)),
  reason: z.string(),
  by: z.string(),
  at: z.iso.datetime(),
  erased: z.record(z.string(), z.number()),
  pending: z.array(z.string()),
});

const written = ({ salt, digests, ...erasure }: Erasure): z.input<typeof erasureShape> => ({
  ...erasure,
  erased: { ...erasure.erased },
  pending: [...erasure.pending],
  salt: salt.toString('hex'),
  digests: digests.map((digest) => digest.toString('hex')),
});

async function readList(file: string): Promise<readonly Erasure[]> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new InvalidInput(`${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'no code'})`);
  });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new InvalidInput(`${file}: expected what \`syncline erase list --json\` prints, found no JSON`);
  }
  const read = z.object({ erasures: z.array(erasureShape) }).safeParse(json);
  if (!read.success) {
    const [issue] = read.error.issues;
    throw new InvalidInput(
      `${file}: expected what \`syncline erase list --json\` prints; ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'another shape'}`,
    );
  }
  return read.data.erasures.map(({ salt, digests, erased, ...erasure }) => ({
    ...erasure,
    erased: erased as unknown as Erased,
    salt: Buffer.from(salt, 'hex'),
    digests: digests.map((digest) => Buffer.from(digest, 'hex')),
  }));
}
