import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { openRecorder } from '../../activities/check/record-stream.ts';
import { InvalidInput } from '../../core/errors.ts';
import { compilePartner } from '../../definitions/compile.ts';
import type { Partner } from '../../definitions/definition.ts';
import { parentFields } from '../../definitions/mentions.ts';
import { isPushOnly } from '../../definitions/push.ts';
import { secretFor, secretsOf } from '../../definitions/secrets.ts';
import { createMemoryTokenStore } from '../../http/token-store.ts';
import { writeRecording } from '../../recordings/files.ts';
import { isPersonal } from '../../recordings/personal-names.ts';
import { pseudonyms, type Pseudonyms } from '../../recordings/pseudonyms.ts';
import { tokensOf } from '../../workers/tokens-of.ts';
import { called } from '../called.ts';
import { withCheckDatabase } from '../check-database.ts';
import { commandCalls } from '../command-calls.ts';
import { checkPermits } from '../check-permits.ts';
import type { CommandContext } from '../command.ts';
import { exitCodes } from '../exit.ts';
import { loadWhole } from '../load-whole.ts';
import { positive } from '../positive.ts';
import { streamNamed } from '../stream-named.ts';

export interface RecordChoice {
  readonly stream?: string;
  readonly out: string;
  readonly requests: string;
  readonly replace?: string;
  readonly keep?: string;
  readonly asIs?: boolean;
}

/** Keeps what a partner answers, with secrets and personal data replaced, for tests and `syncline chaos`. Nothing is written to any table. */
export async function partnersRecord({
  config,
  output,
  options,
  name,
}: CommandContext<RecordChoice> & { readonly name: string }): Promise<number> {
  const most = positive('--requests', options.requests);
  if (options.asIs === true && (options.replace ?? options.keep) !== undefined)
    throw new InvalidInput('--as-is replaces nothing: leave out --replace and --keep, or --as-is');
  const { partner, carried } = await loadWhole(name, { dir: config.partnersDir, env: config.env });
  const all = compilePartner(partner, config.names);
  const chosen =
    options.stream === undefined
      ? [...all.values()].filter(({ definition }) => !isPushOnly(definition) && definition.job === undefined)
      : [streamNamed(all, options.stream)];
  const jobs = [...all.values()].filter(({ definition }) => definition.job !== undefined).map((stream) => stream.name);
  if (chosen.length === 0)
    throw new InvalidInput(
      `no stream of ${name} is recorded${jobs.length === 0 ? ': none is read page by page' : ` unless you name it, for it orders an export job: --stream ${jobs[0]}`}`,
    );
  // A parent's field that names a child's path has to stay what the path says.
  const asked = chosen.flatMap(({ definition }) => parentFields(definition));
  const key = randomBytes(32);
  const replacing = (kept: readonly string[]): Pseudonyms =>
    pseudonyms({ key, also: listOf(options.replace), keep: listOf(options.keep), asked: [...asked, ...kept] });
  const dir = resolve(options.out);
  const files = await withCheckDatabase(config, async (database) => {
    const pool = 'pool' in database ? database.pool : undefined;
    const permits = checkPermits(pool, commandCalls(pool, config, 'record'));
    try {
      const record = openRecorder(
        {
          streams: all,
          nowMs: Date.now(),
          permits: permits.of,
          secret: secretFor(secretsOf(config.env)),
          tokens: (of: Partner) => (pool === undefined ? createMemoryTokenStore() : tokensOf(pool, of)),
          env: config.env,
          carried,
        },
        {
          most,
          pseudonyms: options.asIs === true ? undefined : replacing,
          onWait: (stream, says) => output.say(`${stream}: ${says}. Waiting until it is ready …`),
        },
      );
      const written: Recorded[] = [];
      for (const stream of chosen) {
        const recording = await record(stream);
        const { exchanges, records, complete, replaced } = recording;
        written.push({
          stream: stream.name,
          requests: exchanges.length,
          records,
          complete,
          replaced,
          file: await writeRecording(dir, recording),
        });
      }
      return written;
    } finally {
      await permits.close();
    }
  });
  output.json({ partner: name, streams: files });
  output.table(
    files.map((one) => ({ ...one, complete: one.complete ? 'yes' : 'no', replaced: one.replaced.join(', ') })),
    ['stream', 'requests', 'records', 'complete', 'replaced'],
  );
  for (const { stream, complete } of files)
    if (!complete) output.say(`${stream} was not read to its end: give it more with --requests (now ${most}).`);
  const others = options.stream === undefined ? jobs : [];
  if (others.length > 0)
    output.say(
      `${others.join(', ')}: not recorded, since that orders an export job. Name the stream to order it: --stream ${others[0]}`,
    );
  const kept = options.asIs === true ? [] : asked.filter(isPersonal);
  if (kept.length > 0)
    output.say(
      `${kept.join(', ')}: kept as they came, since streams are asked for by them. Look whether they name somebody.`,
    );
  output.say(
    `Written to ${dir}. Read it before you share it: only what looks like a secret or personal data was replaced. Next: ${called(`chaos ${name}`)}`,
  );
  return files.every(({ complete }) => complete) ? exitCodes.ok : exitCodes.partial;
}

interface Recorded {
  readonly stream: string;
  readonly requests: number;
  readonly records: number;
  readonly complete: boolean;
  readonly replaced: readonly string[];
  readonly file: string;
}

const listOf = (names: string | undefined): readonly string[] =>
  (names ?? '').split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()]));
