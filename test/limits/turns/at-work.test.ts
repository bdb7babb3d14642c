import { expect, test } from '@jest/globals';
import { AtWork } from '../../../limits/turns/at-work.ts';

test('a credential is alone until another one has work, and again some time after', () => {
  const work = new AtWork();
  const over = work.begin('ours');
  expect(work.besides('ours', performance.now())).toBe(false);
  const [first, second] = [work.begin('theirs'), work.begin('theirs')];
  first();
  first();
  expect(work.besides('ours', performance.now() + 60_000)).toBe(true);
  second();
  expect(work.besides('ours', performance.now())).toBe(true);
  expect(work.besides('ours', performance.now() + 60_000)).toBe(false);
  over();
  expect(work.besides('theirs', performance.now())).toBe(true);
});
