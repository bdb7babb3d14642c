import { describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { addressList, parseNetwork, plainAddress, sourceOf } from '../../ingest/address-list.ts';
import { clientAddress, type Proxies } from '../../ingest/client-address.ts';
import { passedCertificate } from '../../ingest/client-certificate.ts';

const trusted = addressList(['10.0.0.0/8', '2001:db8:a::/48']);
const from = (remote: string, header: Proxies['header'], value?: string): string =>
  clientAddress({ remote, headers: value === undefined ? {} : { [header]: value } }, { trusted, header });

describe('behind proxies the client is', () => {
  test.each<[string, string, string | undefined, string]>([
    ['whoever connects, without a header', '198.51.100.1', undefined, '198.51.100.1'],
    ['whoever connects and is no proxy, whatever it says', '198.51.100.1', '203.0.113.9', '198.51.100.1'],
    ['whom the proxy names', '10.0.0.1', '203.0.113.9', '203.0.113.9'],
    ['named before all proxies', '::ffff:10.0.0.1', '203.0.113.9, 10.2.3.4', '203.0.113.9'],
    ['not what the client itself wrote', '10.0.0.1', '1.1.1.1, 10.9.9.9, 203.0.113.9', '203.0.113.9'],
    ['named with a port', '10.0.0.1', '203.0.113.9:4711', '203.0.113.9'],
    ['of IPv6', '2001:db8:a::1', '[2001:db8:b::7]:4711', '2001:db8:b::7'],
    ['the proxy itself where it names nobody', '10.0.0.1', 'unknown', '10.0.0.1'],
    ['the proxy itself where the header is empty', '10.0.0.1', '', '10.0.0.1'],
    ['the first proxy where all are proxies', '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
  ])('%s (X-Forwarded-For)', (_, remote, value, client) => {
    expect(from(remote, 'x-forwarded-for', value)).toBe(client);
  });

  test.each<[string, string, string]>([
    ['whom the proxy names', 'for=203.0.113.9;proto=https', '203.0.113.9'],
    [
      'named in quotes, in any case, behind other pairs',
      'proto=https; By=10.0.0.1; FOR="[2001:db8:b::7]:47"',
      '2001:db8:b::7',
    ],
    ['not what the client itself wrote', 'for=1.1.1.1, for=203.0.113.9', '203.0.113.9'],
    [
      'not what stands in the quotes of another pair',
      'host="x;for=1.1.1.1;y", host="a;for=1.1.1.1;,for=1.1.1.1";for=203.0.113.9',
      '203.0.113.9',
    ],
    ['the proxy itself where it hides the client', 'for=_hidden', '10.0.0.1'],
    ['the proxy itself where its element names nobody', 'for=203.0.113.9, proto=https', '10.0.0.1'],
    ['the proxy itself where a quote has no end', 'for=203.0.113.9;host="x', '10.0.0.1'],
  ])('%s (Forwarded)', (_, value, client) => {
    expect(from('10.0.0.1', 'forwarded', value)).toBe(client);
  });

  test('never taken from the header that our proxies do not write', () => {
    const headers = { 'x-forwarded-for': '1.1.1.1', forwarded: 'for=203.0.113.9' };
    expect(clientAddress({ remote: '10.0.0.1', headers }, { trusted, header: 'forwarded' })).toBe('203.0.113.9');
  });

  test('found in what node:http makes of several lines of a header', async () => {
    const said: string[] = [];
    const server = createServer((request, response) => {
      const proxies = { trusted: addressList(['127.0.0.1', '10.0.0.0/8']), header: 'x-forwarded-for' } as const;
      said.push(clientAddress({ remote: request.socket.remoteAddress ?? '', headers: request.headers }, proxies));
      response.end();
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const headers = new Headers([
      ['x-forwarded-for', '1.1.1.1'],
      ['x-forwarded-for', '203.0.113.9'],
      ['x-forwarded-for', '10.7.7.7'],
    ]);
    await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { headers });
    server.close();
    expect(said).toEqual(['203.0.113.9']);
  });
});

describe('addresses', () => {
  test.each([
    ['192.0.2.0/24', { address: '192.0.2.0', bits: 24 }],
    ['192.0.2.1', { address: '192.0.2.1', bits: 32 }],
    ['2001:db8::/32', { address: '2001:db8::', bits: 32 }],
    ['2001:db8::1', { address: '2001:db8::1', bits: 128 }],
    ['192.0.2.0/33', undefined],
    ['192.0.2.0/', undefined],
    ['192.0.2/24', undefined],
    ['192.0.2.0/24/8', undefined],
    ['fe80::1%eth0', undefined],
    ['example.com', undefined],
    ['', undefined],
  ])('%j is the network %j', (text, network) => {
    expect(parseNetwork(text)).toEqual(network);
  });

  test.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:0db8::9', '2001:db8:0:0::/64'],
    ['2001:DB8::1:0:0:9', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ])('of %s misuse is counted as of %s', (address, source) => {
    expect(sourceOf(address)).toBe(source);
  });

  test('a peer of IPv4 is written as such', () => {
    expect(plainAddress('::ffff:10.0.0.1')).toBe('10.0.0.1');
    expect(() => addressList(['10.0.0.0/40'])).toThrow('expected an address or a network such as 10.0.0.0/8');
  });
});

describe('a certificate that a proxy passes', () => {
  const pem = readFileSync(new URL('client-certificate.pem', import.meta.url), 'utf8');
  const der = Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
  const fingerprint256 = createHash('sha256').update(der).digest('hex');

  test.each([
    ['as bytes of a structured field', `:${der.toString('base64')}:`],
    ['as PEM with percent signs', encodeURIComponent(pem)],
    ['as PEM in which only the line ends have percent signs', pem.replaceAll('\n', '%0A')],
    ['as its hash', fingerprint256],
    ['as its hash with colons', fingerprint256.toUpperCase().replaceAll(/..(?=.)/g, '$&:')],
  ])('is read %s', (_, header) => {
    expect(passedCertificate(header)).toEqual({ fingerprint256 });
  });

  test.each([undefined, '', '(null)', ':AAAA:', 'x%ZZ', fingerprint256.slice(1), pem.slice(0, 300)])(
    'is none in %j',
    (header) => {
      expect(passedCertificate(header)).toBeUndefined();
    },
  );
});
