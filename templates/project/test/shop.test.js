import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startSimulator, startSyncline } from 'syncline/testing';

// A real PostgreSQL, a real Temporal and a partner that fails now and then, all on this machine and gone afterwards.
let partner;
let syncline;
before(async () => {
  partner = await startSimulator({
    payments: 2000,
    auth: { type: 'bearer', token: 'test-token' },
    faults: [{ kind: 'status', status: 503, nth: 2 }],
  });
  syncline = await startSyncline({
    partnersDir: 'partners',
    env: { DEMO_URL: partner.url, DEMO_TOKEN: 'test-token' },
  });
});
after(async () => {
  await syncline?.stop();
  await partner?.close();
});

for (const name of ['shop', 'shop_code'])
  test(`${name}: what the partner holds is in the warehouse, each record once`, async () => {
    const report = await syncline.sync(name);
    assert.equal(report.outcome, 'ok', report.reason);

    const held = partner.truth('payments').map(({ id }) => id);
    const rows = await syncline.query(`select id from ${name}.payments`);
    assert.deepEqual(rows.map(({ id }) => id).sort(), held.sort());
  });

test('a second sync changes nothing', async () => {
  const { counts } = await syncline.sync('shop');
  assert.equal(counts.inserted + counts.updated, 0);
});
