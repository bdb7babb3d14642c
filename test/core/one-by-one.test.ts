import { expect, test } from '@jest/globals';
import { oneByOne } from '../../core/one-by-one.ts';

test('all are done in their order, also behind one that fails, and the first failure is told', async () => {
  const done: string[] = [];
  const work = (name: string, fault?: Error) => async (): Promise<void> => {
    done.push(name);
    if (fault !== undefined) throw fault;
  };
  await expect(
    oneByOne([work('a'), work('b', new Error('first')), work('c', new Error('second')), work('d')])(),
  ).rejects.toThrow('first');
  expect(done).toEqual(['a', 'b', 'c', 'd']);
  await expect(oneByOne([work('e')])()).resolves.toBeUndefined();
});
