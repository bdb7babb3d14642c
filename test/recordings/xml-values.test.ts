import { describe, expect, test } from '@jest/globals';
import { array, assert, constantFrom, letrec, oneof, property, string, tuple } from 'fast-check';
import { changeXml, XmlRefused, type XmlValue } from '../../recordings/xml-values.ts';

const valuesOf = (text: string): readonly XmlValue[] => {
  const found: XmlValue[] = [];
  changeXml(text, ({ kind, path, value }) => {
    found.push({ kind, path, value });
    return value;
  });
  return found;
};
const put = (text: string, from: string, to: string): string =>
  changeXml(text, ({ value }) => value.replaceAll(from, to));

describe('values of a document', () => {
  test('are those that whoever reads it gets', () => {
    const text = `\uFEFF<?xml version="1.0"?>\r\n<!-- a --><?go  now?><!DOCTYPE a SYSTEM "a.dtd">
      <a:feed xmlns:a='urn:a'><entry id = "1&amp;2" n='a
b'/><who>A<![CDATA[d<![CDATA[]]><!-- in -->&#x61; &lt;</who></a:feed> <!--z-->`;
    expect(valuesOf(text).filter(({ value }) => value.trim() !== '')).toEqual([
      { kind: 'comment', path: [], value: ' a ' },
      { kind: 'instruction', path: [], value: 'now' },
      { kind: 'attribute', path: ['a:feed', 'xmlns:a'], value: 'urn:a' },
      { kind: 'attribute', path: ['a:feed', 'entry', 'id'], value: '1&2' },
      { kind: 'attribute', path: ['a:feed', 'entry', 'n'], value: 'a b' },
      { kind: 'text', path: ['a:feed', 'who'], value: 'Ad<![CDATA[a <' },
      { kind: 'comment', path: ['a:feed', 'who'], value: ' in ' },
      { kind: 'comment', path: [], value: 'z' },
    ]);
  });

  test.each<[string, string, readonly [string, string], string]>([
    ['text', '<a>\r\n  Zo&#235; &amp; Ada\r\n</a>', ['Ada', 'Bob'], '<a>\r\n  Zo&#235; &amp; Bob\r\n</a>'],
    ['text that grows', '<a>x &amp; y &gt; z</a>', ['y', '<ë]]>'], '<a>x &amp; &lt;&#235;]]&gt; &gt; z</a>'],
    ['text that shrinks', '<a>&#120;yz</a>', ['yz', ''], '<a>&#120;</a>'],
    ['an attribute', `<a b='"1' c="it's"/>`, ['1', `'"<\t`], `<a b='"&apos;&quot;&lt;&#9;' c="it's"/>`],
    ['CDATA', '<a><![CDATA[<b>Ada</b>]]> x</a>', ['Ada', 'Bobby'], '<a><![CDATA[<b>Bobby</b>]]> x</a>'],
    [
      'what is in pieces',
      '<a>A<![CDATA[d]]><!-- --><b/>&#97;</a>',
      ['Ada', 'Eve'],
      '<a>E<![CDATA[v]]><!-- --><b/>e</a>',
    ],
    [
      'pieces that grow',
      '<a>A<![CDATA[da@x.y]]></a>',
      ['Ada@x.y', 'q@mail.example'],
      '<a>q@mail.example<![CDATA[]]></a>',
    ],
    ['a comment', '<a><!-- Ada --></a>', ['Ada', 'Bo'], '<a><!-- Bo --></a>'],
    ['an instruction', '<?x  Ada?><a/>', ['Ada', 'Bo'], '<?x  Bo?><a/>'],
    ['letters of two units', '<a>😀Ada</a>', ['Ada', '😎'], '<a>😀&#128526;</a>'],
  ])('are changed, and nothing else: %s', (_what, text, [from, to], expected) => {
    const made = put(text, from, to);
    expect(made).toBe(expected);
    expect(valuesOf(made).map(({ value }) => value)).toEqual(
      valuesOf(text).map(({ value }) => value.replaceAll(from, to)),
    );
  });

  test('cannot end what they stand in', () => {
    expect(() => put('<a><![CDATA[x]]></a>', 'x', 'x]]>y')).toThrow(XmlRefused);
    expect(() => put('<a><!--x--></a>', 'x', 'x--y')).toThrow(XmlRefused);
    expect(() => put('<a><![CDATA[x]]></a>', 'x', 'x]]><![CDATA[y')).toThrow(/cannot be written/);
    expect(() => put('<a><!--x--></a>', 'x', 'x--><!--y')).toThrow(/cannot be written/);
    expect(() => put('<?a x?><a/>', 'x', 'x?>y')).toThrow(XmlRefused);
    expect(put('<a b="x"/>', 'x', '"/><c d="')).toBe('<a b="&quot;/&gt;&lt;c d=&quot;"/>');
  });

  test.each<[string, string, RegExp, number]>([
    ['a document that ends early', '<a>\n<b>Ada', /not well-formed/, 2],
    ['HTML', '<p>Ada<br></p>', /not well-formed/, 1],
    ['an entity of its own', '<!DOCTYPE a [<!ENTITY who "Ada">]>\n<a>&who;</a>', /declares something of its own/, 1],
    ['an entity that is nowhere', '<a>\n&who;</a>', /entity that XML does not know/, 2],
    ['two documents', '<a/><b/>', /not well-formed/, 1],
  ])('are not looked for in %s', (_what, text, said, line) => {
    const refusal = ((): unknown => {
      try {
        return put(text, 'Ada', 'Bob');
      } catch (error) {
        return error;
      }
    })();
    expect(refusal).toBeInstanceOf(XmlRefused);
    expect(refusal).toMatchObject({ message: expect.stringMatching(said), line });
    expect(String(refusal)).not.toMatch(/Ada|who/);
  });
});

describe('any document', () => {
  const chars = constantFrom('a', 'Z', '7', ' ', 'ë', '東', '😀', '&amp;', '&#x41;', '&lt;', '>', "'", '\r\n', '\t');
  const text = array(chars, { maxLength: 6 }).map((all) => all.join(''));
  const name = constantFrom('a', 'b:c', 'd-1', 'é');
  const inner = oneof(
    text,
    text.map((raw) => `<![CDATA[${raw}]]>`),
    text.map((raw) => `<!--${raw}-->`),
    text.map((raw) => `<?pi ${raw}?>`),
  );
  const { element } = letrec<{ element: string }>((tie) => ({
    element: tuple(
      name,
      text,
      constantFrom('"', '"', ' " '),
      array(oneof({ weight: 3, arbitrary: inner }, tie('element')), { maxLength: 4, depthIdentifier: 'of' }),
    ).map(([of, value, quote, inside]) => `<${of} x=${quote.trim()}${value}${quote}>${inside.join('')}</${of}>`),
  }));

  test('keeps all but what is changed, and holds what was put into it', () => {
    assert(
      property(
        element,
        string({ unit: constantFrom('q', '&', '<', '"', 'ü', ' '), minLength: 1 }),
        (document, other) => {
          expect(changeXml(document, ({ value }) => value)).toBe(document);
          const change = ({ kind, value }: XmlValue): string =>
            kind === 'text' || kind === 'attribute' ? value.replaceAll('a', other) : value;
          const made = changeXml(document, change);
          expect(valuesOf(made)).toEqual(valuesOf(document).map((each) => ({ ...each, value: change(each) })));
        },
      ),
    );
  });
});
