import { isIP } from 'node:net';
import { isListed, plainAddress, type AddressList } from './address-list.ts';

/** How requests come to us. Without proxies, the address of the connection is the client's. */
export interface Proxies {
  /** Whose word is taken for where a request comes from. */
  readonly trusted: AddressList;
  /** The header that they write. The other one passes them as the client sent it, so it is never read. */
  readonly header: 'x-forwarded-for' | 'forwarded';
}

export interface Connected {
  /** Of the connection. */
  readonly remote: string;
  /** By name in small letters. Lines of the same name are joined by commas, as node:http does it. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/**
 * Where a request comes from: read from the end of the header, the first address that is no proxy of ours. What stands before it was
 * written by the client, which may write what it likes.
 */
export function clientAddress({ remote, headers }: Connected, { trusted, header }: Proxies): string {
  let client = plainAddress(remote);
  const value = headers[header];
  const text = typeof value === 'string' ? value : (value ?? []).join(',');
  const hops = header === 'forwarded' ? forwardedFor(text) : text.split(',');
  for (const hop of hops.toReversed()) {
    if (!isListed(trusted, client)) return client;
    const before = addressIn(hop);
    // `unknown`, or a name that the proxy made up: it is the last that we know of.
    if (before === undefined) return client;
    client = before;
  }
  return client;
}

/** `192.0.2.1`, `192.0.2.1:47011`, `[2001:db8::1]:47011`, `2001:db8::1`. */
function addressIn(hop: string): string | undefined {
  const text = hop.trim();
  const [, inBrackets] = /^\[([^\]]*)\](?::\d+)?$/.exec(text) ?? [];
  const [, beforePort] = /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(text) ?? [];
  const address = inBrackets ?? beforePort ?? text;
  return isIP(address) === 0 ? undefined : plainAddress(address);
}

const outsideQuotes = (separator: string): RegExp =>
  new RegExp(String.raw`(?:[^"${separator}]|"(?:[^"\\]|\\.)*")+`, 'g');
const wellFormed = /^(?:[^"]|"(?:[^"\\]|\\.)*")*$/;

/**
 * `for=` of each element of `Forwarded` (RFC 7239, 4); an empty text where an element has none. A malformed field has no element. Quotes
 * count: a client chooses its `host`, and a proxy may quote that.
 */
function forwardedFor(text: string): readonly string[] {
  if (!wellFormed.test(text)) return [];
  return (text.match(outsideQuotes(',')) ?? []).map((element) => {
    const pairs = (element.match(outsideQuotes(';')) ?? []).map((pair) => /^\s*for\s*=\s*(.*?)\s*$/i.exec(pair)?.[1]);
    const value = pairs.find((one) => one !== undefined) ?? '';
    return value.startsWith('"') ? value.slice(1, -1).replaceAll(/\\(.)/g, '$1') : value;
  });
}
