import { sha128 } from './page-key.ts';

/**
 * 64 bits that stand for a record's key, as the ledger keeps them. Two keys that come to the same number would count as one: a run of a
 * million records has a chance of 3 in 10^8 of that.
 */
export const keyNumber = ({ key, hash }: { readonly key: string | null; readonly hash: string }): string =>
  BigInt.asIntN(64, BigInt(`0x${key === null ? hash.slice(0, 16) : sha128(key).slice(0, 16)}`)).toString();

/** The same in SQL, for a text that is a key. */
export const keyNumberSql = (text: string): string =>
  `('x' || left(encode(sha256(convert_to(${text}, 'UTF8')), 'hex'), 16))::bit(64)::bigint`;
