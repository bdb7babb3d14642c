import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { push } from '../../public/client.ts';
import { addCaller } from '../../store/callers/change-callers.ts';

/** `hurried` sends again at once what was refused, `patient` is `push()`, `calm` sends a record now and then. */
export const senders = ['hurried', 'patient', 'calm'] as const;
export type Sender = (typeof senders)[number];

/** One answer, as its sender got it. */
export interface Heard {
  readonly sender: Sender;
  /** Since the night began. */
  readonly atMs: number;
  readonly status: number;
  /** From the first byte sent to the last one read; undefined: `push()` does not tell. */
  readonly tookMs?: number;
}

export interface Night {
  /** Of the servers; the senders use all of them. */
  readonly urls: readonly string[];
  readonly pool: Pool;
  /** Of `hurried` and of `patient`. */
  readonly limits: { readonly rate: number; readonly burst: number };
  /** Requests of one record that `hurried`, and that `patient`, has to send. */
  readonly requests: number;
  /** To each server. */
  readonly connections: { readonly hurried: number; readonly patient: number };
  /** How far away `hurried` is: what it sends at once is there after so long. */
  readonly roundTripMs: number;
  /** Of `calm`. */
  readonly everyMs: number;
}

export const idOf = (sender: Sender, number: number): string => `${sender} ${number}`;

/** A night on which two partners send all that they have, each in its own way, to streams of `acme` with the names of the senders. */
export async function dumpNight(night: Night): Promise<readonly Heard[]> {
  const keys = await callersOf(night);
  const heard: Heard[] = [];
  const beganMs = performance.now();
  const hear = (one: Omit<Heard, 'atMs'>): void => void heard.push({ ...one, atMs: performance.now() - beganMs });
  const over = new AbortController();
  const calm = (async () => {
    for (let n = 0; !over.signal.aborted; n++) {
      await deliver(
        { sender: 'calm', url: at(night.urls, n), key: keys.calm, id: idOf('calm', n), pauseMs: 1000 },
        hear,
      );
      await sleep(night.everyMs);
    }
  })();
  try {
    await Promise.all([hurry(night, keys.hurried, hear), obey(night, keys.patient, hear)]);
  } finally {
    over.abort();
    await calm;
  }
  return heard;
}

type Hear = (one: Omit<Heard, 'atMs'>) => void;

async function callersOf({ pool, limits }: Night): Promise<Readonly<Record<Sender, string>>> {
  const terms = { tier: 'normal', scopes: ['acme/*'], addresses: null, certificate: null } as const;
  const person = { by: 'ann', reason: 'a night of dumps' };
  const add = (id: Sender): Promise<string> =>
    addCaller(pool, { ...terms, id, limits: id === 'calm' ? {} : limits }, person);
  return { hurried: await add('hurried'), patient: await add('patient'), calm: await add('calm') };
}

async function hurry({ urls, requests, connections, roundTripMs }: Night, key: string, hear: Hear): Promise<void> {
  let next = 0;
  const work = async (url: string): Promise<void> => {
    while (next < requests)
      await deliver({ sender: 'hurried', url, key, id: idOf('hurried', next++), pauseMs: roundTripMs }, hear);
  };
  await Promise.all(urls.flatMap((url) => Array.from({ length: connections.hurried }, () => work(url))));
}

async function obey({ urls, requests, connections }: Night, key: string, hear: Hear): Promise<void> {
  const parts = urls.map((url, part) => ({ url, records: numbered(requests, part, urls.length) }));
  await Promise.all(
    parts.map(({ url, records }) =>
      push({
        url,
        key,
        partner: 'acme',
        stream: 'patient',
        records,
        batch: { records: 1 },
        concurrency: connections.patient,
        onAnswer: () => hear({ sender: 'patient', status: 202 }),
        onRetry: ({ because }) => hear({ sender: 'patient', status: Number.parseInt(because, 10) }),
      }),
    ),
  );
}

const numbered = (count: number, from: number, step: number): readonly { readonly id: string }[] =>
  Array.from({ length: Math.ceil((count - from) / step) }, (_, i) => ({ id: idOf('patient', from + i * step) }));

const at = (urls: readonly string[], n: number): string => urls[n % urls.length] as string;

interface Delivery {
  readonly sender: Sender;
  readonly url: string;
  readonly key: string;
  readonly id: string;
  readonly pauseMs: number;
}

/** Sends one record until it is durable, with one Idempotency-Key, whatever the answers say of waiting. */
async function deliver({ sender, url, key, id, pauseMs }: Delivery, hear: Hear): Promise<void> {
  const idempotencyKey = randomUUID();
  for (let status = 0; status !== 202;) {
    if (status !== 0) await sleep(pauseMs);
    const beganMs = performance.now();
    const answer = await fetch(`${url}/v1/acme/${sender}`, {
      method: 'POST',
      body: JSON.stringify({ id }),
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        'idempotency-key': idempotencyKey,
      },
    });
    await answer.arrayBuffer();
    ({ status } = answer);
    hear({ sender, status, tookMs: performance.now() - beganMs });
    if (status >= 400 && status !== 429 && status !== 503) throw new Error(`${id} was refused for good: ${status}`);
  }
}
