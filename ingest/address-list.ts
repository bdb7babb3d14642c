import { BlockList, isIP } from 'node:net';

/** A list of networks, asked by address. */
export type AddressList = Pick<BlockList, 'check'>;

/** `10.0.0.0/8`, `2001:db8::/32`, or one address. Undefined: it is none of these. */
export function parseNetwork(text: string): { readonly address: string; readonly bits: number } | undefined {
  const [address = '', given, ...rest] = text.split('/');
  const family = isIP(address);
  // A zone (`fe80::1%eth0`) is of one machine alone.
  if (family === 0 || address.includes('%') || rest.length > 0) return undefined;
  const most = family === 4 ? 32 : 128;
  if (given === undefined) return { address, bits: most };
  const bits = Number(given);
  return /^\d{1,3}$/.test(given) && bits <= most ? { address, bits } : undefined;
}

/** @throws {RangeError} a text is no network. */
export function addressList(networks: readonly string[]): AddressList {
  const list = new BlockList();
  for (const text of networks) {
    const network = parseNetwork(text);
    if (network === undefined)
      throw new RangeError(`expected an address or a network such as 10.0.0.0/8, found ${text}`);
    list.addSubnet(network.address, network.bits, familyOf(network.address));
  }
  return list;
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 4 ? 'ipv4' : 'ipv6');

/** False for what is no address. */
export const isListed = (list: AddressList, address: string): boolean =>
  isIP(address) !== 0 && list.check(address, familyOf(address));

const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** One way to write an address: a socket of both families shows an IPv4 peer as `::ffff:192.0.2.1`. */
export const plainAddress = (address: string): string => mapped.exec(address)?.[1] ?? address.replace(/%.*$/, '');

/**
 * Whom an address stands for when misuse is counted: whoever has one address of IPv6 mostly has the 2^64 beside it.
 */
export function sourceOf(address: string): string {
  const plain = plainAddress(address);
  if (isIP(plain) !== 6) return plain;
  const [head = '', tail] = plain.split('::');
  const front = head === '' ? [] : head.split(':');
  const back = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups =
    tail === undefined
      ? front
      : [...front, ...Array<string>(Math.max(0, 8 - front.length - back.length)).fill('0'), ...back];
  const first = groups.slice(0, 4).map((group) => (Number.parseInt(group, 16) || 0).toString(16));
  return `${first.join(':')}::/64`;
}
