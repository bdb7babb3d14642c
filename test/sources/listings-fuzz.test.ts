import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { defineStream } from '../support/define-stream.ts';
import { long } from '../support/long.ts';
import { readInMemory } from '../support/read-in-memory.ts';
import { definitionOf, isHonest, listings, ModelPartner, type Listing } from './model-listing.ts';

/** The judge: `ok` only where all came that was there from the first answer to the last; and for an honest partner, `ok`. */
async function judge(listing: Listing): Promise<void> {
  const partner = new ModelPartner(listing);
  const stream = defineStream(definitionOf(listing));
  const read = await readInMemory(stream, (request) => partner.answer(request), listing);
  const came = new Set(read.ids);
  const missing = partner.truth().filter((id) => !came.has(id));
  const whole = ['ok', [], []];
  expect(read.outcome === 'ok' ? missing : []).toEqual([]);
  expect(isHonest(listing) ? [read.outcome, read.reasons, missing] : whole).toEqual(whole);
  expect(read.reasons).not.toContain('the listing has no end');
}

test(
  'no listing is green by mistake, whatever its partner does wrong',
  () => fc.assert(fc.asyncProperty(listings, judge), { numRuns: long ? 100_000 : 200, ...(long ? {} : { seed: 16 }) }),
  long ? 3_600_000 : 60_000,
);
