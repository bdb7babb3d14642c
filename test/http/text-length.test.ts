import { constants } from 'node:buffer';
import { expect, test } from '@jest/globals';
import { BodyText } from '../../http/body-text.ts';
import { GiveUp } from '../../core/errors.ts';

test('an answer longer than a text can be is refused for good, with what to do', () => {
  // Never written to, so that it takes no memory.
  const body = new BodyText(Buffer.allocUnsafeSlow(constants.MAX_STRING_LENGTH + 1), true);
  expect(() => body.text).toThrow(GiveUp);
  expect(() => body.text).toThrow('ask for smaller pages, or for slices of time');
});
