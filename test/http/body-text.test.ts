import { isAscii } from 'node:buffer';
import { describe, expect, test } from '@jest/globals';
import { guessEnvelope } from '../../core/json.ts';
import { BodyText } from '../../http/body-text.ts';
import { decodeBody } from '../../http/decode-body.ts';

const bodyOf = (text: string): BodyText => {
  const bytes = Buffer.from(text);
  return new BodyText(bytes, isAscii(bytes));
};
const decode = (bytes: Buffer, type = 'application/json'): ReturnType<typeof decodeBody> =>
  decodeBody(bytes, { headers: { 'content-type': type }, maxBytes: 1e9, what: 'GET /x' });

describe('the text of a body', () => {
  test.each(['', 'plain', 'crème brûlée', '日本語 🎏', '{"a":"ÿ"}'])('is what was sent: %s', (text) => {
    const body = bodyOf(text);
    expect([body.outline, body.text, body.outline]).toEqual([text, text, text]);
  });

  test.each(['a', 'é', '日', '🎏'])(
    'is outlined by its beginning and its end, whatever character is cut: %s',
    (char) => {
      for (let shift = 0; shift < 4; shift++) {
        const name = `${'x'.repeat(shift)}${char.repeat(30_000)}`;
        const text = JSON.stringify({ data: Array.from({ length: 4 }, () => ({ name })), next: `n-${char}` });
        const body = bodyOf(text);
        const { outline } = body;
        expect(outline.length).toBeLessThan(text.length);
        expect(guessEnvelope(outline, 'data')).toEqual({ data: [], next: `n-${char}` });
        expect(body.text).toBe(text);
      }
    },
  );

  test('begins behind a byte order mark', async () => {
    const { content, bytes } = await decode(Buffer.from('\ufeff{"a":"é"}'));
    expect({ text: content.text, ascii: content.ascii, bytes }).toEqual({ text: '{"a":"é"}', ascii: false, bytes: 13 });
  });

  test('is none where it is not what its charset says', async () => {
    const refused = await decode(Buffer.from([0x7b, 0xff, 0x7d]));
    expect(refused.content).toMatchObject({ text: '', noText: expect.stringMatching(/not valid in its charset/) });
    const { content } = await decode(Buffer.from([0x22, 0xe9, 0x22]), 'application/json; charset=iso-8859-1');
    expect([content.text, content.outline]).toEqual(['"é"', '"é"']);
  });
});
