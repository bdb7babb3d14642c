import { expect, test } from '@jest/globals';
import { checkTarget } from '../../cli/check-target.ts';
import { target } from '../../definitions/targets.ts';
import { usePool } from '../support/use-pool.ts';

const used = usePool();
const check = (url: string) =>
  checkTarget('mart', { definition: target.parse({ type: 'postgres', url }), owner: 'syncline', served: undefined });

test('another PostgreSQL database is opened, and named without its user and password', async () => {
  const url = new URL(used.database.url);
  expect(await check(url.href)).toEqual({
    target: 'mart',
    kind: 'postgres',
    where: `${url.host}${url.pathname}`,
    state: 'ok',
    says: expect.stringContaining('PostgreSQL 18'),
  });
});

test('one that does not answer is a problem, told without its password', async () => {
  const checked = await check('postgres://loader:hush-hush@127.0.0.1:1/mart');
  expect(checked).toMatchObject({ state: 'problem', where: '127.0.0.1:1/mart' });
  expect(JSON.stringify(checked)).not.toContain('hush-hush');
});
