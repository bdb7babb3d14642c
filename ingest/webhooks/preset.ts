import type { WebhookPlace } from '../../definitions/webhooks.ts';

/** How a sender signs its deliveries, and what else one has to know of them. Data only: one small file for each sender. */
export interface Preset {
  /** Where the sender says so. */
  readonly page: string;
  /** Names of one sender's headers, in lower case. Where several sets are given, the first whose signature is there counts. */
  readonly headers: readonly HeaderNames[];
  readonly written: Written;
  /** How the bytes of a signature are written. */
  readonly encoding: 'hex' | 'base64' | 'base64url';
  readonly algorithm: 'sha256' | 'sha512' | 'sha1';
  /**
   * How a secret becomes a key. `text`: its own bytes. `standard`: `whsec_` and base64, or `whpk_` and the base64 of an Ed25519 public key, which
   * opens signatures of v1a only.
   */
  readonly secretAs: 'text' | 'base64' | 'hex' | 'standard';
  /** What is signed; {id} {timestamp} {method} {url} {body} are replaced. */
  readonly content: string;
  /** How the time is written; undefined: deliveries have none. */
  readonly timestamp?: 'seconds' | 'milliseconds' | 'iso';
  /** Characters of {url} that are signed as they are, by how they are written in it; undefined: {url} is signed as it is written. */
  readonly decoded?: Readonly<Record<string, string>>;
  /** What stays the same when a delivery is repeated; undefined: the id that is signed, or nothing. */
  readonly id?: WebhookPlace;
  /** What the event is called. */
  readonly type?: WebhookPlace;
  /** Path of an array of events. */
  readonly each?: string;
  /** A delivery that only asks whether somebody is there: where it says so, and what it wants to get back. */
  readonly challenge?: { readonly path: string; readonly equals: string; readonly answer: string };
}

export interface HeaderNames {
  readonly signature: string;
  readonly timestamp?: string;
  /** Of the {id} that is signed. */
  readonly id?: string;
}

/**
 * How a header holds signatures. `plain`: one, behind a prefix. `list`: several, each behind its version (`v1,…`), with a space between.
 * `pairs`: `t=…,v1=…,v1=…`, the time among them.
 */
export type Written =
  | { readonly as: 'plain'; readonly prefix: string }
  | { readonly as: 'list' }
  | { readonly as: 'pairs'; readonly signature: string; readonly timestamp: string };
