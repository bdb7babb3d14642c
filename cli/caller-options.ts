import { existsSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { callerTiers, isCallerId, isScope, type CallerTier } from '../core/caller.ts';
import { parseDuration } from '../core/duration.ts';
import { InvalidInput } from '../core/errors.ts';
import { parseNetwork, sourceOf } from '../ingest/address-list.ts';
import { passedCertificate } from '../ingest/client-certificate.ts';
import type { BlockSubject } from '../store/callers/blocks.ts';
import { positive } from './positive.ts';

const shown = (text: string): string => JSON.stringify(text);

export function callerName(text: string): string {
  if (isCallerId(text)) return text;
  throw new InvalidInput(
    `expected a name of small letters, digits, - and _ that starts with a letter, up to 63, found ${shown(text)}`,
  );
}

export function tierOf(text: string): CallerTier {
  const tier = callerTiers.find((one) => one === text);
  if (tier === undefined) throw new InvalidInput(`--tier: expected ${callerTiers.join(', ')}, found ${shown(text)}`);
  return tier;
}

export function scopesOf(texts: readonly string[]): readonly string[] {
  const wrong = texts.find((text) => !isScope(text));
  if (wrong !== undefined)
    throw new InvalidInput(`--scope: expected PARTNER/STREAM or PARTNER/*, found ${shown(wrong)}`);
  return [...new Set(texts)];
}

export function networksOf(texts: readonly string[]): readonly string[] {
  return texts.map((text) => {
    const network = parseNetwork(text);
    if (network === undefined)
      throw new InvalidInput(`--address: expected an address or a network such as 192.0.2.0/24, found ${shown(text)}`);
    return `${network.address}/${network.bits}`;
  });
}

/** The fingerprint itself, or a file with the certificate. */
export function fingerprintOf(text: string): string {
  const found =
    passedCertificate(text) ?? (existsSync(text) ? passedCertificate(readFileSync(text, 'utf8')) : undefined);
  if (found === undefined)
    throw new InvalidInput(
      `--certificate: expected the SHA-256 of a certificate in hex, or a file with the certificate as PEM, found ${shown(text)}`,
    );
  return found.fingerprint256;
}

export interface LimitOptions {
  readonly rate?: string;
  readonly burst?: string;
  readonly daily?: string | undefined;
}

export interface GivenLimits {
  readonly rate?: number;
  readonly burst?: number;
  readonly daily?: number;
}

/** Those that were given. */
export function limitsOf({ rate, burst, daily }: LimitOptions): GivenLimits {
  return {
    ...(rate === undefined ? {} : { rate: rateOf(rate) }),
    ...(burst === undefined ? {} : { burst: positive('--burst', burst) }),
    ...(daily === undefined ? {} : { daily: positive('--daily', daily) }),
  };
}

function rateOf(text: string): number {
  const rate = Number(text);
  if (!Number.isFinite(rate) || rate <= 0)
    throw new InvalidInput(`--rate: expected units per second, a number above 0, found ${shown(text)}`);
  return rate;
}

export function timeOf(flag: string, text: string, { least = 1 }: { readonly least?: number } = {}): number {
  const ms = parseDuration(text);
  if (ms === undefined || ms < least)
    throw new InvalidInput(`${flag}: expected a duration such as 30m, 2h, 1d, found ${shown(text)}`);
  return ms;
}

/** A caller by its name, or a source by one of its addresses. */
export function blockSubject(text: string): BlockSubject {
  if (/^[0-9a-f:]+::\/64$/i.test(text)) return { kind: 'address', subject: sourceOf(text.slice(0, -'/64'.length)) };
  return isIP(text) === 0
    ? { kind: 'caller', subject: callerName(text) }
    : { kind: 'address', subject: sourceOf(text) };
}
