import { BlockList, isIP } from 'node:net';
import { InvalidInput } from '../core/errors.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The proxy for a URL as HTTPS_PROXY, HTTP_PROXY and NO_PROXY tell, in lower case (which wins, as in curl) or upper case. */
export function proxyFor(url: string, env: Environment): URL | undefined {
  const { protocol, hostname, port } = new URL(url);
  const variable = protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const proxy = settingOf(env, variable);
  const at = { host: hostname.replace(/^\[|\]$/g, ''), port: port || (protocol === 'https:' ? '443' : '80') };
  if (proxy === '' || isExcepted(at, settingOf(env, 'NO_PROXY'))) return undefined;
  const text = proxy.includes('://') ? proxy : `http://${proxy}`;
  const found = URL.canParse(text) ? new URL(text) : undefined;
  // Its user and password are secrets, so the value is not shown.
  if (found === undefined || !/^https?:$/.test(found.protocol))
    throw new InvalidInput(
      `${variable}: expected the URL of an http(s) proxy such as http://proxy.example:3128; correct it`,
    );
  return found;
}

/** `Proxy-Authorization` for a proxy whose URL has a user. */
export function proxyHeaders({ username, password }: URL): Readonly<Record<string, string>> {
  if (username === '') return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(pair).toString('base64')}` };
}

const settingOf = (env: Environment, name: string): string => env[name.toLowerCase()] ?? env[name] ?? '';

interface Host {
  readonly host: string;
  readonly port: string;
}

/** Each word is `*`, a host that stands for those below it too (`.example.com`, `*.example.com`), an address or a range, with or without a port. */
const isExcepted = (at: Host, list: string): boolean =>
  list.split(/[\s,]+/).some((word) => word !== '' && matches(at, word.toLowerCase()));

function matches({ host, port }: Host, word: string): boolean {
  if (word === '*') return true;
  const [, name = '', wanted] = /^(.*?)(?::(\d+))?$/.exec(isIP(word) === 6 ? `[${word}]` : word) ?? [];
  if (wanted !== undefined && wanted !== port) return false;
  const plain = name.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0) return plain.includes('/') ? inRange(host, plain) : plain === host;
  const domain = plain.replace(/^\*?\./, '');
  return domain !== '' && (host === domain || host.endsWith(`.${domain}`));
}

function inRange(host: string, range: string): boolean {
  const [network = '', bits] = range.split('/');
  const kind = isIP(network) === 6 ? 'ipv6' : 'ipv4';
  if (isIP(network) === 0 || isIP(network) !== isIP(host) || !/^\d{1,3}$/.test(bits ?? '')) return false;
  if (Number(bits) > (kind === 'ipv6' ? 128 : 32)) return false;
  const list = new BlockList();
  list.addSubnet(network, Number(bits), kind);
  return list.check(host, kind);
}
