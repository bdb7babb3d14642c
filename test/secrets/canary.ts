/** In every secret of these tests, and in no other text. */
export const CANARY = 'canary7f3e91';

/** With what secrets have that URLs, JSON and base64 write otherwise. */
export const canary = (what: string): string => `${CANARY}/${what}+x=`;

/** The canary as it looks in base64, wherever it begins: without the digits that its neighbours share. */
const inBase64 = [0, 1, 2].map((before) => {
  const text = Buffer.from(`${'-'.repeat(before)}${CANARY}`)
    .toString('base64')
    .replace(/=+$/, '');
  return text.slice(before === 0 ? 0 : before + 1, -2);
});

const signs = [CANARY, ...inBase64, Buffer.from(CANARY).toString('hex')];

/** Where a canary shows in a text: in clear (its letters are so in a URL and in JSON as well), in base64 or in hex. */
export function canariesIn(text: string): string[] {
  const lower = text.toLowerCase();
  return signs.flatMap((sign) => {
    const at = inBase64.includes(sign) ? text.indexOf(sign) : lower.indexOf(sign);
    return at < 0 ? [] : [text.slice(Math.max(0, at - 100), at + 60)];
  });
}
