import type { Client } from '@temporalio/client';
import type { Pool } from 'pg';
import { readConfig } from '../../config/config.ts';
import { plainNames } from '../../messages/names.ts';
import type { UiServer } from '../../ui/server.ts';
import { startUi } from '../../ui/start-ui.ts';

export interface Serve {
  readonly pool: Pool;
  readonly partnersDir: string;
  /** `SYNCLINE_UI_…`. */
  readonly env?: Readonly<Record<string, string>>;
  readonly logged?: object[];
  readonly address?: string;
  /** Absent: Temporal is away. */
  readonly client?: Client;
  /** Instead of `client`: opens one for each piece of work. */
  readonly temporal?: <T>(work: (client: Client) => Promise<T>) => Promise<T>;
}

/** The pages on a free port, with what the environment would say of them. */
export function serveUi({
  pool,
  partnersDir,
  env = {},
  logged = [],
  client,
  temporal,
  address = '127.0.0.1:0',
}: Serve): Promise<UiServer> {
  return startUi({
    address,
    pool,
    names: plainNames,
    partnersDir,
    log: { info: (of) => logged.push(of), warn: (of) => logged.push(of) },
    settings: readConfig(env).ui,
    secret: 'nobody knows it',
    temporal: temporal ?? ((work) => (client === undefined ? Promise.reject(new Error('it is away')) : work(client))),
  });
}

export interface Seen {
  readonly status: number;
  readonly text: string;
  readonly location: string;
}

/** A browser as far as forms and cookies go: it follows nothing by itself. */
export class Browser {
  readonly #base: string;
  readonly #cookies = new Map<string, string>();

  constructor(base: string) {
    this.#base = base;
  }

  async get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Seen> {
    return this.#ask(path, { headers });
  }

  async post(
    path: string,
    fields: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>> = { 'sec-fetch-site': 'same-origin' },
  ): Promise<Seen> {
    return this.#ask(path, { method: 'POST', body: new URLSearchParams(fields), headers });
  }

  async #ask(
    path: string,
    { headers, ...init }: Omit<RequestInit, 'headers'> & { readonly headers: Readonly<Record<string, string>> },
  ): Promise<Seen> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(new URL(path, this.#base), {
      ...init,
      redirect: 'manual',
      headers: { ...headers, ...(cookie === '' ? {} : { cookie }) },
    });
    for (const set of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      if (value === '') this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    return { status: answer.status, text: await answer.text(), location: answer.headers.get('location') ?? '' };
  }
}
