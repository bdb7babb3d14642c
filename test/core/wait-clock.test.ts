import { expect, test } from '@jest/globals';
import { WaitClock } from '../../core/wait-clock.ts';

function clock(): { readonly waits: WaitClock; readonly at: (ms: number) => void } {
  let nowMs = 0;
  return { waits: new WaitClock(() => nowMs), at: (ms) => void (nowMs = ms) };
}

test('time in which several requests wait for the same counts once, and what is not told of counts nothing', () => {
  const { waits, at } = clock();
  const [one, two, silent] = [waits.begin(), waits.begin(), waits.begin()];
  at(100);
  one.for('rate');
  at(200);
  two.for('rate');
  at(1000);
  one.end();
  silent.end();
  at(1500);
  expect(waits.waited).toEqual({ rate: 1500 });
  two.end();
  two.end();
  two.for('quota');
  at(9000);
  expect(waits.waited).toEqual({ rate: 1500 });
});

test('a request that waits for one thing after another divides its time, and one that begins later adds only what is new', () => {
  const { waits, at } = clock();
  const one = waits.begin();
  one.for('concurrency');
  at(300);
  one.for('rate');
  at(400);
  one.end();
  const late = waits.begin();
  at(1000);
  late.for('rate');
  late.end();
  expect(waits.waited).toEqual({ concurrency: 300, rate: 700 });
});

test('time that was counted is not counted again for a request that hears of its reason late', () => {
  const { waits, at } = clock();
  const [one, late] = [waits.begin(), waits.begin()];
  one.for('rate');
  at(500);
  one.end();
  at(600);
  late.for('rate');
  at(700);
  late.end();
  expect(waits.waited).toEqual({ rate: 700 });
});
