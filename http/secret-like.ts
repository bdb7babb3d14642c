/**
 * Names of parameters that carry secrets. Not `token`, `key`, `code` or `session` alone, nor `page_token` and its like:
 * as often they name a place in a listing.
 */
const secretNames = new RegExp(
  [
    '(access|auth|api|app|bearer|csrf|id|refresh|secret|security|session|user)[-_.]?(token|key)',
    'auth(entication|orization)?',
    '(x[-_])?api[-_]?key',
    '(sub(scription)?|signing|private|shared|master|account)[-_]?key',
    '(client|app|api|consumer|shared)?[-_]?secret([-_]?(key|proof))?',
    'app[-_]?secret[-_]?proof',
    'pass(wd|word|phrase|code)?',
    'pwd',
    'sig(nature)?',
    'hmac',
    'jwt',
    'bearer',
    'credentials?',
    'session[-_]?id',
    'x-(amz|goog)-(signature|credential|security-token)',
  ]
    .map((name) => `(?:${name})`)
    .join('|'),
  'i',
);
const whole = new RegExp(`^(?:${secretNames.source})$`, 'i');

/** Whether a parameter or header of this name holds a secret. */
export const isSecretLike = (name: string): boolean => whole.test(name);
