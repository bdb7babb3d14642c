import { constants } from 'node:buffer';
import { GiveUp } from './errors.ts';

/** Throws GiveUp where so many bytes make no text: asking again brings as many. */
export function refuseTooLong(bytes: number): void {
  if (bytes > constants.MAX_STRING_LENGTH)
    throw new GiveUp(
      `the answer has ${bytes.toLocaleString('en-US')} bytes, and a text has ${constants.MAX_STRING_LENGTH.toLocaleString('en-US')} at the most: ask for smaller pages, or for slices of time`,
    );
}
