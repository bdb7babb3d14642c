import { join } from 'node:path';
import { InvalidInput } from '../../core/errors.ts';
import { dayOf } from '../../core/window.ts';
import { compilePartner } from '../../definitions/compile.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { isPushOnly } from '../../definitions/push.ts';
import { loadPartner } from '../../definitions/load.ts';
import { plainNames } from '../../messages/names.ts';
import {
  askedLies,
  faultKinds,
  faultsEnded,
  jobFaults,
  plannedFaults,
  type FaultKind,
} from '../../recordings/faults.ts';
import { startReplay } from '../../recordings/replay.ts';
import type { Recording } from '../../recordings/recording.ts';
import { startEmbedded } from '../../services/embedded.ts';
import { randomOf } from '../../simulator/random.ts';
import { generatedAnswers, recordedAnswers } from '../chaos/answers.ts';
import type { ChaosChoice } from '../chaos/choice.ts';
import { judgeRound, judgeUndisturbed, ordersOf, type RoundFacts } from '../chaos/judge.ts';
import { startKilledWorker } from '../chaos/killed-worker.ts';
import { playRound, type Round, type Stage } from '../chaos/play-round.ts';
import { writeRehearsed } from '../chaos/rehearsed.ts';
import { chosen, teller } from '../chaos/teller.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase, withTemporal } from '../context.ts';
import { positive } from '../positive.ts';

const PATIENCE_MS = 120_000;
const SEEDS = 1_000_000;
const USUAL_RECORDS = '200';

/** Syncs from a partner that plays what was recorded or generated, with faults and kills, and compares with a sync that nobody disturbed. */
export async function chaos({
  config,
  output,
  options,
  name,
}: CommandContext<ChaosChoice> & { readonly name: string }): Promise<number> {
  const seed = options.seed === undefined ? Math.floor(Math.random() * SEEDS) : whole('--seed', options.seed);
  const rounds =
    options.round === undefined
      ? Array.from({ length: positive('--rounds', options.rounds) }, (_, i) => i + 1)
      : [positive('--round', options.round)];
  const kills = whole('--kills', options.kills);
  if (options.records !== undefined && options.generate !== true)
    throw new InvalidInput('--records says how many records are generated: add --generate');
  const dir = join(config.home, `chaos-${process.pid}`);
  const { partnersDir, env } = config;
  const generated = options.generate === true;
  const { recordings, leftOut, short } = generated
    ? await generatedAnswers(name, {
        dir: `${dir}-generated`,
        partnersDir,
        env,
        records: positive('--records', options.records ?? USUAL_RECORDS),
        seed,
      })
    : await recordedAnswers(options.from, name);
  for (const { stream, reason } of leftOut) output.say(`${stream} is left out: ${reason}.`);
  for (const stream of short)
    output.say(`${stream} has fewer records than asked for: its primary key can tell no more apart. Is it the key?`);
  for (const { stream, complete } of recordings)
    if (!complete)
      output.say(`${stream} was not recorded to its end: what a run reads of it is not compared with the recording.`);
  const played = join(dir, 'partners');
  const replay = await startReplay(recordings);
  output.say(`Starting PostgreSQL and Temporal … seed ${seed}`);
  const services = await startEmbedded({
    dir,
    cacheDir: config.cacheDir,
    pathEnv: config.pathEnv,
    durable: false,
    say: () => {},
  });
  const settings = {
    ...config,
    names: plainNames,
    databaseUrl: services.databaseUrl,
    temporalAddress: services.temporalAddress,
    temporalNamespace: 'default',
    payloadKeys: [],
  };
  const inRound = async (round: number): Promise<{ partner: string; streams: readonly CompiledStream[] }> => {
    const partner = `${name.slice(0, 32)}_r${round}`;
    const baseUrl = `${replay.origin}${recordings[0]?.basePath ?? ''}`;
    await writeRehearsed(name, {
      from: partnersDir,
      into: played,
      baseUrl,
      as: partner,
      leftOut: leftOut.map(({ stream }) => stream),
    });
    const loaded = await loadPartner(partner, { dir: played, env: config.env });
    const recorded = new Set(recordings.map(({ stream }) => stream));
    const streams = [...compilePartner(loaded, plainNames).values()].filter(
      (stream) => !isPushOnly(stream.definition) && recorded.has(stream.name),
    );
    return { partner, streams };
  };
  try {
    // A worker serves the partners that it finds when it starts.
    const prepared = new Map<number, Awaited<ReturnType<typeof inRound>>>();
    for (const round of [0, ...rounds]) prepared.set(round, await inRound(round));
    if (prepared.get(0)?.streams.length === 0)
      throw new InvalidInput(
        `no stream of ${name} was recorded: ${recordings.map(({ stream }) => stream).join(', ')} are no streams of it`,
      );
    const worker = await startKilledWorker({
      ...textsOf(config.env),
      DATABASE_URL: services.databaseUrl,
      TEMPORAL_ADDRESS: services.temporalAddress,
      TEMPORAL_NAMESPACE: 'default',
      SYNCLINE_INSTALLATION: '',
      SYNCLINE_PARTNERS_DIR: played,
      SYNCLINE_WORKFLOW_BUNDLE: services.workflowBundle,
      SYNCLINE_HEARTBEAT_TIMEOUT: '2s',
      SYNCLINE_PAYLOAD_KEYS: '',
    });
    try {
      return await withDatabase(settings, (pool) =>
        withTemporal(settings, async (client) => {
          const stage: Stage = { client, pool, replay, worker };
          const usual = { window: dayOf(Date.now()), patienceMs: PATIENCE_MS };
          const played = (round: number, more: Pick<Round, 'faults' | 'kills'>): Promise<RoundFacts> =>
            playRound(stage, { ...(prepared.get(round) as Awaited<ReturnType<typeof inRound>>), ...usual, ...more });
          const told = teller(output, { name, seed, leftOut, choice: chosen(options) });
          const undisturbed = await played(0, { faults: faultsEnded, kills: [] });
          const byStream = new Map<string, Recording>(recordings.map((each) => [each.stream, each]));
          told.round(
            'undisturbed',
            undisturbed,
            judgeUndisturbed(undisturbed, byStream, generated ? 'generated' : 'recorded'),
          );
          const expected = new Map(undisturbed.streams.map(({ stream, after }) => [stream, after]));
          const requests = undisturbed.arrivals.length;
          const kinds = (Object.keys(faultKinds) as FaultKind[]).filter(
            (kind) =>
              (!askedLies.includes(kind) || options.lies === true) &&
              (!jobFaults.includes(kind) || hasJobs(recordings)),
          );
          for (const round of undisturbed.ended ? rounds : []) {
            const random = randomOf(seed, round);
            const faults = plannedFaults({ random, requests: requests * 2 + 4, kinds });
            const points = Array.from({ length: kills }, () => 1 + Math.floor(random() * Math.max(1, requests)));
            const facts = await played(round, { faults, kills: points.toSorted((a, b) => a - b) });
            told.round(String(round), facts, judgeRound(facts, expected, ordersOf(undisturbed)));
          }
          return told.end();
        }),
      );
    } finally {
      await worker.stop();
    }
  } finally {
    await replay.close();
    await services.stop();
  }
}

const hasJobs = (recordings: readonly Recording[]): boolean =>
  recordings.some(({ exchanges }) => exchanges.some(({ job }) => job !== undefined));

function whole(option: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0) return value;
  throw new InvalidInput(`${option}: expected a whole number from 0, found ${JSON.stringify(text)}`);
}

/** The environment that this process has. */
const textsOf = (env: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
