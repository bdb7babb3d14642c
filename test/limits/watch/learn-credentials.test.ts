import { expect, test } from '@jest/globals';
import { partner, type Partner } from '../../../definitions/definition.ts';
import { credentialOf } from '../../../limits/declare/credential.ts';
import { learnCredentials } from '../../../limits/watch/learn-credentials.ts';
import { observeLimits } from '../../../limits/watch/observe.ts';
import { usePool } from '../../support/use-pool.ts';

const used = usePool(2);

/** As one process loads it: another one has an object of its own. */
const loaded = (name: string, token: string): Partner =>
  partner.parse({
    name,
    baseUrl: `https://${name}.example`,
    auth: { type: 'bearer', token },
    streams: { orders: { path: '/orders', primaryKey: ['id'], schema: { type: 'object', properties: {} } } },
  });

async function learnt(...partners: readonly Partner[]): Promise<readonly string[]> {
  await learnCredentials(used.pool, partners);
  return partners.map(credentialOf);
}

test('whoever looks on knows partners by the credentials that the fleet uses, and derives those it has not used yet', async () => {
  const credentials = [credentialOf(loaded('acme', 'first')), credentialOf(loaded('bolt', 'other'))];
  await observeLimits(used.pool, loaded('acme', 'first'));
  expect(await learnt(loaded('acme', 'first'), loaded('bolt', 'other'))).toEqual(credentials);
  // Changed, and not used yet: how the fleet stands is how it stood with the old one.
  expect(await learnt(loaded('acme', 'second'))).toEqual([credentials[0]]);
  await observeLimits(used.pool, loaded('acme', 'second'));
  expect(await learnt(loaded('acme', 'second'))).toEqual([credentialOf(loaded('acme', 'second'))]);
});
