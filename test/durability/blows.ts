import { setTimeout as sleep } from 'node:timers/promises';
import type { FailpointName } from '../../core/failpoint.ts';
import { randomOf } from '../../simulator/random.ts';
import type { WorkerProcess } from '../support/worker-process.ts';

/** Processes of Syncline. */
export type Post = 'puller' | 'lake' | 'mart';
/** PostgreSQL servers, killed and started again. */
export type Server = 'store' | 'warehouse';

/** SIGKILL of a process. `failpoint`: the next one in its place ends itself there. */
export type Blow = { readonly at: Post; readonly failpoint?: FailpointName } | { readonly at: Server };

const pulling = ['permit.before', 'fetch.after', 'commit.middle', 'commit.after', 'heartbeat.after'] as const;
const applying = ['apply.before', 'apply.middle', 'apply.after'] as const;

const times = (count: number, blow: Blow): Blow[] => Array.from({ length: count }, () => blow);

/** A hundred. */
export const manyBlows: readonly Blow[] = [
  ...times(45, { at: 'puller' }),
  ...pulling.flatMap((failpoint) => times(2, { at: 'puller', failpoint })),
  ...times(18, { at: 'lake' }),
  ...applying.flatMap((failpoint) => times(3, { at: 'lake', failpoint })),
  ...times(9, { at: 'mart' }),
  ...applying.map((failpoint): Blow => ({ at: 'mart', failpoint })),
  ...times(3, { at: 'store' }),
  ...times(3, { at: 'warehouse' }),
];

export const fewBlows: readonly Blow[] = [
  { at: 'puller', failpoint: 'commit.middle' },
  { at: 'lake', failpoint: 'apply.middle' },
  { at: 'mart' },
  { at: 'store' },
];

const failpointOf = (blow: Blow): FailpointName | undefined => ('failpoint' in blow ? blow.failpoint : undefined);

/** In an order of the seed. Those with a failpoint come early enough for the process to reach it. */
export function shuffled(blows: readonly Blow[], seed: number): readonly Blow[] {
  const chance = randomOf(seed);
  const mixed = blows
    .map((blow) => ({ blow, at: chance() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ blow }) => blow);
  const late = mixed.slice(Math.floor(mixed.length * 0.8));
  return [
    ...late.filter((blow) => failpointOf(blow) !== undefined),
    ...mixed.slice(0, Math.floor(mixed.length * 0.8)),
    ...late.filter((blow) => failpointOf(blow) === undefined),
  ];
}

export interface Struck {
  /** How often each was killed, or ended itself. */
  readonly kills: Readonly<Record<Post | Server, number>>;
  /** Where processes ended themselves. */
  readonly failpoints: readonly FailpointName[];
}

export interface Scene {
  readonly blows: readonly Blow[];
  /** Requests of an undisturbed run, over which the blows are spread. */
  readonly pages: number;
  readonly asked: () => number;
  readonly ended: () => boolean;
  readonly start: (post: Post, env: Record<string, string>) => WorkerProcess;
  readonly restart: (server: Server) => Promise<void>;
  readonly seed: number;
}

interface Manned {
  readonly worker: WorkerProcess;
  readonly armed: FailpointName | undefined;
  readonly gone: () => boolean;
}

/** Strikes at moments that follow from the seed and from what was asked of the partner, until the run has ended. */
export async function strike({ blows, pages, asked, ended, start, restart, seed }: Scene): Promise<Struck> {
  const chance = randomOf(seed, 1);
  const kills = { puller: 0, lake: 0, mart: 0, store: 0, warehouse: 0 };
  const failpoints: FailpointName[] = [];
  const man = (post: Post, armed?: FailpointName): Manned => {
    const count = armed !== undefined && armed.startsWith('apply') ? 1 : 3;
    const worker = start(post, armed === undefined ? {} : { SYNCLINE_FAILPOINT: `${armed}:${count}` });
    let isGone = false;
    void worker.ended.then(() => (isGone = true));
    return { worker, armed, gone: () => isGone };
  };
  const posts = new Map<Post, Manned>((['puller', 'lake', 'mart'] as const).map((post) => [post, man(post)]));
  const left = [...blows];
  let next = 1;
  try {
    while (!ended()) {
      await sleep(5);
      for (const [post, { worker, armed, gone }] of posts) {
        if (!gone()) continue;
        if (armed === undefined) throw new Error(`${post} ended by itself:\n${worker.logged().slice(-2000)}`);
        failpoints.push(armed);
        kills[post] += 1;
        posts.set(post, man(post));
      }
      if (left.length === 0 || asked() < next) continue;
      await sleep(chance() * 100);
      // One that will end itself is left alone until then.
      const index = left.findIndex(({ at }) => posts.get(at as Post)?.armed === undefined);
      if (index < 0) continue;
      const [blow] = left.splice(index, 1) as [Blow];
      kills[blow.at] += 1;
      if (blow.at === 'store' || blow.at === 'warehouse') {
        // A worker does not start without the store: that would be the supervisor's turn, not ours.
        await Promise.allSettled([...posts.values()].map(({ worker }) => worker.ready));
        await restart(blow.at);
      } else {
        await posts.get(blow.at)?.worker.kill();
        posts.set(blow.at, man(blow.at, failpointOf(blow)));
      }
      next = asked() + 1 + Math.floor((chance() * 1.6 * Math.max(0, pages - asked())) / (left.length + 1));
    }
  } finally {
    await Promise.all([...posts.values()].map(({ worker }) => worker.kill()));
  }
  return { kills, failpoints };
}
