import { setTimeout as sleep } from 'node:timers/promises';
import { PARTNER } from './definitions.ts';

/** Somebody who has the status page open: every page, and live events that are listened to for a moment or not even that. */
export async function lookAround(url: string, random: () => number): Promise<void> {
  const pages = ['/', '/streams', `/partners/${PARTNER}`, `/partners/${PARTNER}/payments`, '/runs', '/alerts'];
  for (const page of [...pages, '/limits', '/callers', '/webhooks']) {
    const answer = await fetch(`${url}${page}`);
    await answer.text();
    if (answer.status !== 200) throw new Error(`${page} of the status page was answered ${answer.status}`);
  }
  await Promise.all(Array.from({ length: 3 }, () => listen(url, Math.floor(random() ** 2 * 1500))));
}

async function listen(url: string, ms: number): Promise<void> {
  const leaving = new AbortController();
  const answer = fetch(`${url}/live`, { signal: leaving.signal }).then(
    (response) => response.text(),
    () => '',
  );
  await sleep(ms);
  leaving.abort();
  await answer.catch(() => '');
}
