export { backfillStream } from './backfill-stream.ts';
export { governPartner } from './govern-partner.ts';
export { syncPartner } from './sync-partner.ts';
export { syncStream } from './sync-stream.ts';
