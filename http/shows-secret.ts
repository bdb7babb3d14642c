import type { KnownSecret } from './known-secrets.ts';
import { inForm, isShort } from './secret-forms.ts';

/** Whether a secret shows once the text is unpacked: in a form of its own, or as a part of something in base64. */
export function showsSecret(text: string, known: readonly KnownSecret[]): boolean {
  const signs = signsOf(known);
  if (signs.plain.length === 0) return false;
  let inner = text;
  for (let depth = 0; depth < DEPTH; depth += 1) {
    const plain = inner.replaceAll('+', ' ');
    const standard = inner.replaceAll('-', '+').replaceAll('_', '/');
    if (signs.plain.some((sign) => inner.includes(sign) || plain.includes(sign))) return true;
    if (signs.base64.some((sign) => standard.includes(sign))) return true;
    if (!inner.includes('%')) return false;
    inner = inner.replaceAll(/(?:%[0-9a-f]{2})+/gi, decodePercent);
  }
  return false;
}

/** A URL within a URL within a URL. */
const DEPTH = 4;

const decodePercent = (codes: string): string => Buffer.from(codes.replaceAll('%', ''), 'hex').toString('utf8');

interface Signs {
  readonly plain: readonly string[];
  readonly base64: readonly string[];
}

const madeSigns = new WeakMap<object, Signs>();

function signsOf(known: readonly KnownSecret[]): Signs {
  const made = madeSigns.get(known) ?? makeSigns(known);
  madeSigns.set(known, made);
  return made;
}

function makeSigns(known: readonly KnownSecret[]): Signs {
  const values = known.flatMap(({ values }) => values).filter((value) => !isShort(value));
  const plain = values.flatMap((value) => [value, inForm(value, 'json'), value.replaceAll('/', String.raw`\/`)]);
  const once = [...plain, ...values.map((value) => inForm(value, 'url'))].flatMap(inBase64);
  return { plain: [...new Set(plain)], base64: [...new Set([...once, ...once.flatMap(inBase64)])] };
}

/** A text as a part of another in base64, wherever it begins there: without the digits that its neighbours share. */
function inBase64(text: string): string[] {
  return [0, 1, 2].map((before) => {
    const digits = Buffer.from('-'.repeat(before) + text).toString('base64');
    const shared = Math.ceil((before * 8) / 6);
    const whole = Math.floor(((before + Buffer.byteLength(text)) * 8) / 6);
    return digits.slice(shared, whole);
  });
}
