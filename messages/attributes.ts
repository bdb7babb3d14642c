import { defineSearchAttributeKey, SearchAttributeType, type SearchAttributePair } from '@temporalio/common';
import type { Kind, Outcome } from '../core/names.ts';

const partnerKey = defineSearchAttributeKey('SyncPartner', SearchAttributeType.KEYWORD);
const streamKey = defineSearchAttributeKey('SyncStream', SearchAttributeType.KEYWORD);
const kindKey = defineSearchAttributeKey('SyncKind', SearchAttributeType.KEYWORD);
const outcomeKey = defineSearchAttributeKey('SyncOutcome', SearchAttributeType.KEYWORD);

/** What the Temporal UI can filter by. */
export function searchAttributesOf(run: {
  readonly partner: string;
  readonly stream?: string;
  /** A governor has none. */
  readonly kind?: Kind;
}): SearchAttributePair[] {
  return [
    { key: partnerKey, value: run.partner },
    ...(run.kind === undefined ? [] : [{ key: kindKey, value: run.kind }]),
    ...(run.stream === undefined ? [] : [{ key: streamKey, value: run.stream }]),
  ];
}

export const outcomeAttribute = (outcome: Outcome): SearchAttributePair[] => [{ key: outcomeKey, value: outcome }];
