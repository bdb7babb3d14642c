export { governPartner } from './govern-partner.ts';
export { retryStream } from './retry-stream.ts';
export { syncPartner } from './sync-partner.ts';
export { syncStream } from './sync-stream.ts';
