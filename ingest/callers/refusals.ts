/**
 * `missing`: no key at all. `unknown`: nobody has that key. `revoked`: the key has ended, or its caller was revoked. `address` and
 * `certificate`: the key is good and may not be used from here, or without its certificate. `blocked`: for a time.
 */
export const refusals = ['missing', 'unknown', 'revoked', 'address', 'certificate', 'blocked'] as const;

export type Refusing = (typeof refusals)[number];
