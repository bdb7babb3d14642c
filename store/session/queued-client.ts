import type { Client, QueryConfig, QueryResult, QueryResultRow } from 'pg';

/** What a pool, a connection and a shared connection have in common. */
export interface Queries {
  query<Row extends QueryResultRow>(query: string | QueryConfig, values?: unknown[]): Promise<QueryResult<Row>>;
}

/** A connection that several use at once: their statements follow one another. */
export class QueuedClient implements Queries {
  readonly #client: Client;
  #last: Promise<unknown> = Promise.resolve();

  constructor(client: Client) {
    this.#client = client;
  }

  query<Row extends QueryResultRow>(query: string | QueryConfig, values?: unknown[]): Promise<QueryResult<Row>> {
    const mine = this.#last.then(() => this.#client.query<Row>(query, values));
    this.#last = mine.catch(() => {});
    return mine;
  }

  /** At once, whatever still waits: the locks of the session must not outlive the reason to end it. */
  end(): Promise<void> {
    return this.#client.end();
  }
}
