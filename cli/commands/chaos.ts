import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidInput } from '../../core/errors.ts';
import { dayOf } from '../../core/window.ts';
import { compilePartner } from '../../definitions/compile.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { isPushOnly } from '../../definitions/push.ts';
import { loadPartner } from '../../definitions/load.ts';
import { plainNames } from '../../messages/names.ts';
import { faultKinds, faultsEnded, plannedFaults, type FaultKind } from '../../recordings/faults.ts';
import { startReplay } from '../../recordings/replay.ts';
import type { Recording } from '../../recordings/recording.ts';
import { startEmbedded } from '../../services/embedded.ts';
import { randomOf } from '../../simulator/random.ts';
import { called } from '../called.ts';
import { generatedAnswers, recordedAnswers } from '../chaos/answers.ts';
import { faultsOf, judgeRound, judgeUndisturbed, type Finding, type RoundFacts } from '../chaos/judge.ts';
import type { LeftOut } from '../chaos/generate/generate.ts';
import { startKilledWorker } from '../chaos/killed-worker.ts';
import { playRound, type Round, type Stage } from '../chaos/play-round.ts';
import { rehearsed } from '../chaos/rehearsed.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase, withTemporal } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { positive } from '../positive.ts';

export interface ChaosChoice {
  readonly from: string;
  readonly rounds: string;
  readonly seed?: string;
  readonly round?: string;
  readonly kills: string;
  readonly lies?: boolean;
  readonly generate?: boolean;
  readonly records?: string;
}

const PATIENCE_MS = 120_000;
const SEEDS = 1_000_000;
const USUAL_RECORDS = '200';
const USUAL_KILLS = '1';

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
  const { recordings, leftOut } = generated
    ? await generatedAnswers(name, {
        dir: join(dir, 'generated'),
        partnersDir,
        env,
        records: positive('--records', options.records ?? USUAL_RECORDS),
        seed,
      })
    : await recordedAnswers(options.from, name);
  for (const { stream, reason } of leftOut) output.say(`${stream} is left out: ${reason}.`);
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
    await writeFile(
      join(played, `${partner}.yaml`),
      await rehearsed(name, {
        dir: partnersDir,
        baseUrl,
        as: partner,
        leftOut: leftOut.map(({ stream }) => stream),
      }),
    );
    const loaded = await loadPartner(partner, { dir: played, env: config.env });
    const recorded = new Set(recordings.map(({ stream }) => stream));
    const streams = [...compilePartner(loaded, plainNames).values()].filter(
      (stream) => !isPushOnly(stream.definition) && recorded.has(stream.name),
    );
    return { partner, streams };
  };
  try {
    await mkdir(played, { recursive: true });
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
            (kind) => kind !== 'short' || options.lies === true,
          );
          for (const round of undisturbed.ended ? rounds : []) {
            const random = randomOf(seed, round);
            const faults = plannedFaults({ random, requests: requests * 2 + 4, kinds });
            const points = Array.from({ length: kills }, () => 1 + Math.floor(random() * Math.max(1, requests)));
            const facts = await played(round, { faults, kills: points.toSorted((a, b) => a - b) });
            told.round(String(round), facts, judgeRound(facts, expected));
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

function whole(option: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0) return value;
  throw new InvalidInput(`${option}: expected a whole number from 0, found ${JSON.stringify(text)}`);
}

interface Told {
  readonly round: (round: string, facts: RoundFacts, findings: readonly Finding[]) => void;
  /** The exit code. */
  readonly end: () => number;
}

function teller(
  output: CommandContext['output'],
  {
    name,
    seed,
    leftOut,
    choice,
  }: {
    readonly name: string;
    readonly seed: number;
    readonly leftOut: readonly LeftOut[];
    /** Further options, as they were given. */
    readonly choice: string;
  },
): Told {
  const all: { readonly round: string; readonly facts: RoundFacts; readonly findings: readonly Finding[] }[] = [];
  return {
    round: (round, facts, findings) => {
      all.push({ round, facts, findings });
      const outcomes = facts.streams
        .map(({ stream, outcome, after }) => `${stream} ${outcome ?? '?'} ${after.rows}`)
        .join(', ');
      const faults = faultsOf(facts.arrivals);
      const disturbed = [faults, facts.kills === 0 ? '' : `${facts.kills} × worker killed`].filter(Boolean).join(', ');
      output.say(
        `\nRound ${round}: ${facts.arrivals.length} requests${disturbed === '' ? '' : `; ${disturbed}`}\n  ${outcomes}`,
      );
      for (const finding of findings) output.say(`  ✗ ${shown(finding)}`);
    },
    end: () => {
      const bad = all.filter(({ findings }) => findings.length > 0);
      output.json({
        partner: name,
        seed,
        leftOut,
        rounds: all.map(({ round, facts, findings }) => ({
          round,
          requests: facts.arrivals.length,
          kills: facts.kills,
          faults: faultsOf(facts.arrivals),
          streams: facts.streams,
          findings,
        })),
        holds: bad.length === 0,
      });
      if (bad.length === 0)
        output.say(
          '\nAll held: nothing lost, nothing doubled, nothing green that was not complete, and a second sync changed nothing.',
        );
      else
        output.say(
          `\n${bad.length} of ${all.length} rounds did not hold. Once more the same: ${called(`chaos ${name} --seed ${seed}${repeat(bad)}${choice}`)}`,
        );
      return bad.length === 0 ? exitCodes.ok : exitCodes.failed;
    },
  };
}

/** What else a round depends on. */
const chosen = ({ kills, lies, generate, records }: ChaosChoice): string =>
  [
    kills === USUAL_KILLS ? '' : ` --kills ${kills}`,
    lies === true ? ' --lies' : '',
    generate === true ? ' --generate' : '',
    records === undefined ? '' : ` --records ${records}`,
  ].join('');

/** A round depends on the seed and its number alone. */
function repeat(bad: readonly { readonly round: string }[]): string {
  const first = bad[0]?.round;
  return bad.length === 1 && first !== 'undisturbed' ? ` --round ${first}` : '';
}

const shown = ({ stream, says }: Finding): string => `${stream === null ? '' : `${stream}: `}${says}`;

/** The environment that this process has. */
const textsOf = (env: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
