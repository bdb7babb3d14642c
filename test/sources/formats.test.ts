import { describe, expect, test } from '@jest/globals';
import { GiveUp, RetryLater } from '../../core/errors.ts';
import type { PageRead } from '../../core/source.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import { declaredSource } from '../../sources/declared/declared-source.ts';
import { define, start } from '../http/support/definitions.ts';

interface Given {
  readonly stream?: Partial<StreamInput>;
  readonly type?: string;
}

/** Texts are as they come from the transport, bytes are not decoded there. */
function read(body: string | Buffer, { stream: more = {}, type = 'text/plain' }: Given = {}): PageRead {
  const { partner, stream } = define(more);
  const bytes = Buffer.from(body);
  const answer = { status: 200, headers: { 'content-type': type }, text: String(body), bytes: bytes.length };
  return declaredSource(partner, stream).read(
    { ...answer, files: [bytes], url: 'https://api.acme.example/v2/orders' },
    start,
  );
}
const failure = (body: string | Buffer, given: Given): unknown => {
  try {
    return read(body, given);
  } catch (error) {
    return error;
  }
};
const many = (...files: string[]): Buffer[] => files.map((file) => Buffer.from(file));

const csv = (format: object = {}, more: Partial<StreamInput> = {}): Given => ({
  stream: { format: { type: 'csv', ...format }, ...more },
});
const xml = (records: StreamInput['records'], format: object = {}, more: Partial<StreamInput> = {}): Given => ({
  stream: { format: { type: 'xml', ...format }, ...(records === undefined ? {} : { records }), ...more },
});
/** The text of an archive is none, and must not be asked for. */
const noText = (): never => {
  throw new RetryLater('answered a zip file');
};

const openedAs = (files: Buffer[], more: Partial<StreamInput>): PageRead => {
  const { partner, stream } = define({ compression: 'zip', ...more });
  const source = declaredSource(partner, stream);
  expect(source.compression).toEqual({ type: 'zip' });
  const answer = { status: 200, headers: { 'content-type': 'application/zip' }, bytes: 9, text: '', files };
  const url = 'https://api.acme.example/v2/orders';
  return source.read(Object.defineProperty({ ...answer, url }, 'text', { get: noText }), start);
};

describe('JSON', () => {
  test.each<[name: string, body: string, type: string, says: RegExp]>([
    ['NDJSON', '{"id":1}\n{"id":2}\n', 'application/json', /write format: ndjson/],
    ['NDJSON by its type', '', 'x', /empty body/],
    ['CSV by its type', 'id\n1\n', 'text/csv', /write format: csv/],
    ['CSV', 'id,n\n1,2\n', 'text/plain', /write format: csv/],
    ['XML', '<?xml version="1.0"?><a/>', 'text/plain', /write format: xml/],
  ])('is expected unless the definition says %s', (_, body, type, says) => {
    const error = failure(body, { type });
    expect(error).toBeInstanceOf(RetryLater);
    expect((error as Error).message).toMatch(says);
  });

  test.each([
    '<html><p>out of order',
    '<!DOCTYPE html>\n<html></html>',
    '[{"id":1},{"i',
    'a sentence, no more\nand another',
  ])('is not said to be another format where it is broken: %s', (body) => {
    expect((failure(body, {}) as Error).message).not.toMatch(/write format/);
  });

  test('in a charset of its own keeps the exact texts', () => {
    const body = Buffer.from('{"data":[{"id":1.50,"n":"é"}]}', 'latin1');
    const page = read(body, { stream: { format: { type: 'json', encoding: 'latin1' }, records: 'data' } });
    expect(page.texts).toEqual(['{"id":1.50,"n":"é"}']);
  });
});

describe('NDJSON', () => {
  const stream = { format: 'ndjson' } as const;

  test.each<[name: string, body: string, texts: string[]]>([
    ['lines', '{"id": 1.50}\n{"id":2}\n', ['{"id": 1.50}', '{"id":2}']],
    ['lines of Windows, and no last line end', '{"id":1}\r\n{"id":2}', ['{"id":1}', '{"id":2}']],
    ['blank lines', '\n{"id":1}\n\n \n{"id":2}\n\n', ['{"id":1}', '{"id":2}']],
    ['record separators', '\u001e{"id":1}\n\u001e{"id":2}\n', ['{"id":1}', '{"id":2}']],
    ['digits', '{"id":9007199254740993}\n', ['{"id":9007199254740993}']],
  ])('has records in %s', (_, body, texts) => {
    const page = read(body, { stream });
    expect(page.texts).toEqual(texts);
    expect(page.records).toHaveLength(texts.length);
    expect(page.faults?.size).toBe(0);
  });

  test('a line that is no JSON is a malformed record', () => {
    const page = read('{"id":1}\noops "x"\n{"id":2}\n', { stream });
    expect(page.records).toEqual([{ id: 1 }, 'oops "x"', { id: 2 }]);
    expect([...(page.faults ?? [])]).toEqual([[1, 'expected JSON in the line']]);
    expect(page.texts?.[1]).toBe('"oops \\"x\\""');
  });

  test('records may be within the lines', () => {
    const page = read('{"type":"record","data":{"id":1.50}}\n', { stream: { ...stream, records: '*.data' } });
    expect(page.texts).toEqual(['{"id":1.50}']);
  });

  test.each<[name: string, body: string, more: Partial<StreamInput>, says: RegExp]>([
    ['was cut', '{"id":1}\n{"id":', {}, /ends within line 2/],
    ['is HTML', '<html>\n', {}, /line 1 is no JSON/],
    ['is pretty JSON', '[\n  {"id":1}\n]\n', {}, /line 1 is no JSON/],
    ['has a bad line where records are within lines', '{"a":{}}\nx\n{"a":{}}\n', { records: '*.a' }, /line 2/],
    ['is empty', '', {}, /empty body.*missing: empty/],
  ])('is asked for again where it %s', (_, body, more, says) => {
    const error = failure(body, { stream: { ...stream, ...more } });
    expect(error).toBeInstanceOf(RetryLater);
    expect((error as Error).message).toMatch(says);
  });

  test('may be empty where the definition says so', () => {
    expect(read('\n', { stream: { ...stream, records: { missing: 'empty' } } }).records).toEqual([]);
  });
});

describe('CSV', () => {
  test.each<[name: string, body: string | Buffer, format: object, records: unknown[]]>([
    [
      'a header row',
      'id,n\n1,a\n2,b\n',
      {},
      [
        { id: '1', n: 'a' },
        { id: '2', n: 'b' },
      ],
    ],
    ['line ends of Windows', 'id,n\r\n1,a\r\n', {}, [{ id: '1', n: 'a' }]],
    [
      'line ends of all kinds',
      'id,n\n1,a\r\n2,b\n',
      {},
      [
        { id: '1', n: 'a' },
        { id: '2', n: 'b' },
      ],
    ],
    ['line ends of old', 'id,n\r1,a\r', {}, [{ id: '1', n: 'a' }]],
    ['no last line end', 'id,n\n1,a', {}, [{ id: '1', n: 'a' }]],
    ['quotes', 'id,n\n1,"a ""b"", c\nd"\n', {}, [{ id: '1', n: 'a "b", c\nd' }]],
    ['quotes with an escape', 'id,n\n1,"a \\"b\\""\n', { escape: '\\' }, [{ id: '1', n: 'a "b"' }]],
    ['no quotes', 'id|n\n1|5" pipe\n', { delimiter: '|', quote: false }, [{ id: '1', n: '5" pipe' }]],
    ['semicolons', 'id;n\n1;1,5\n', { delimiter: ';' }, [{ id: '1', n: '1,5' }]],
    ['tabs', 'id\tn\n1\ta\n', { delimiter: '\t' }, [{ id: '1', n: 'a' }]],
    ['a delimiter of two', 'id||n\n1||a\n', { delimiter: '||' }, [{ id: '1', n: 'a' }]],
    ['given names', '1,a\n', { columns: ['id', 'n'] }, [{ id: '1', n: 'a' }]],
    ['lines to skip', 'Report "of, today\n\nid,n\n1,a\n', { skipLines: 2 }, [{ id: '1', n: 'a' }]],
    ['comments', '# made today\nid,n\n1,a # b\n#2,b\n', { comment: '#' }, [{ id: '1', n: 'a # b' }]],
    ['blank lines', 'id,n\n\n1,a\n\n', {}, [{ id: '1', n: 'a' }]],
    ['blank lines that are values', 'id\n1\n\n2\n', {}, [{ id: '1' }, { id: '' }, { id: '2' }]],
    ['a mark', '\ufeffid,n\n1,a\n', { encoding: 'utf-8' }, [{ id: '1', n: 'a' }]],
    ['empty values', 'id,n\n1,\n', {}, [{ id: '1', n: '' }]],
    ['values for null', 'id,n,m\n1,,\\N\n', { nulls: ['', '\\N'] }, [{ id: '1', n: null, m: null }]],
    ['a column without a name', 'id,n,\n1,a,\n', {}, [{ id: '1', n: 'a' }]],
    ['only a header row', 'id,n\n', {}, []],
    ['Latin-1', Buffer.from('id,n\n1,é\n', 'latin1'), { encoding: 'latin1' }, [{ id: '1', n: 'é' }]],
    ['UTF-16', Buffer.from('id,n\n1,é\n', 'utf16le'), { encoding: 'utf-16le' }, [{ id: '1', n: 'é' }]],
    ['a field named __proto__', 'id,__proto__\n1,a\n', {}, [JSON.parse('{"id":"1","__proto__":"a"}')]],
    ['digits as they are', 'id,n\n007,9007199254740993.10\n', {}, [{ id: '007', n: '9007199254740993.10' }]],
  ])('has records under %s', (_, body, format, records) => {
    const page = read(body, csv(format));
    expect(JSON.stringify(page.records)).toBe(JSON.stringify(records));
    expect(page.faults?.size).toBe(0);
  });

  test('a row with too many or too few fields is a malformed record', () => {
    const page = read('id,n\n1,a\n2\n3,b,c\n4,d\n', csv());
    expect(page.records).toEqual([{ id: '1', n: 'a' }, ['2'], ['3', 'b', 'c'], { id: '4', n: 'd' }]);
    expect([...(page.faults ?? [])]).toEqual([
      [1, 'expected 2 fields in the row, found 1'],
      [2, 'expected 2 fields in the row, found 3'],
    ]);
  });

  test('a value without a name is none that is dropped', () => {
    const page = read('id,n,\n1,a,x\n', csv());
    expect([...(page.faults ?? [])]).toEqual([[0, 'expected no value in the column without a name']]);
  });

  test('values become what the schema wants, where a text cannot be it', () => {
    const schema = {
      type: 'object',
      properties: {
        ok: { type: ['boolean', 'null'] },
        n: { type: 'integer' },
        o: { type: 'object' },
        l: { type: 'array' },
        t: { type: 'string' },
      },
    };
    const page = read('ok,n,o,l,t\nTRUE,12,"{""a"":1}","[1]","[1]"\nno,x,{,a,b\n', csv({}, { schema }));
    expect(page.records).toEqual([
      { ok: true, n: '12', o: { a: 1 }, l: [1], t: '[1]' },
      { ok: 'no', n: 'x', o: '{', l: 'a', t: 'b' },
    ]);
  });

  test.each<[name: string, body: string, format: object, says: RegExp]>([
    ['ends within quotes', 'id,n\n1,a\n2,"b', {}, /line \d+: a quote is opened and never closed/],
    ['ends within a row', 'id,n\n1,a\n2', {}, /ends within its last row, line 3: expected 2 fields, found 1/],
    ['has a quote within a field', 'id,n\n1,a "b"\n', {}, /line 2: there is a quote within/],
    ['goes on behind a quote', 'id,n\n1,"a"b\n', {}, /line 2: there is text after a closing quote/],
    ['is HTML', '<!doctype html><html>', {}, /found HTML/],
    ['is empty', '', {}, /empty body.*missing: empty/],
    ['has no row under given names', '\n', { columns: ['id', 'n'] }, /empty body.*missing: empty/],
    ['lacks the key', 'error,message\n7,no\n', {}, /expected a column "id" in the header row/],
    ['has another delimiter', 'id;n\n1;a\n', {}, /expected a column "id".*delimiter/],
    ['is UTF-16', 'i\0d\0,\0n\0\n\0', {}, /utf-16le/],
  ])('is asked for again where it %s', (_, body, format, says) => {
    const error = failure(body, csv(format, { primaryKey: ['id'] }));
    expect(error).toBeInstanceOf(RetryLater);
    expect((error as Error).message).toMatch(says);
  });

  test('two columns of one name end it', () => {
    const error = failure('id,n,n\n1,a,b\n', csv());
    expect(error).toBeInstanceOf(GiveUp);
    expect((error as Error).message).toMatch(/two columns of the CSV have the name "n"/);
  });

  test('an error never quotes a value', () => {
    for (const body of ['id,n\n1,"s3cret', 'id,n\n1,s3cret "x"\n', 'id,n\n1,"s3cret"x\n', 'id,n\n1,a\ns3cret'])
      expect((failure(body, csv()) as Error).message).not.toContain('s3cret');
  });

  test('may be empty where the definition says so', () => {
    expect(read('', csv({}, { records: { missing: 'empty' } })).records).toEqual([]);
  });
});

describe('XML', () => {
  const feed =
    '<?xml version="1.0"?><feed><next>p2</next><item id="1"><name>A &amp; B</name><tag>x</tag><tag>y</tag></item><item id="2"/></feed>';
  test.each<[name: string, body: string | Buffer, given: Given, records: unknown[]]>([
    ['elements', feed, xml('feed.item'), [{ '@id': '1', name: 'A & B', tag: ['x', 'y'] }, { '@id': '2' }]],
    ['one element', '<l><o><id>1</id></o></l>', xml('l.o'), [{ id: '1' }]],
    [
      'elements in each of several',
      '<l><p><o><id>1</id></o></p><p><o><id>2</id></o></p></l>',
      xml('l.p.*.o'),
      [{ id: '1' }, { id: '2' }],
    ],
    [
      'other names for attributes and texts',
      '<l><o a="1">x</o></l>',
      xml('l.o', { attributes: '_', text: 'value' }),
      [{ _a: '1', value: 'x' }],
    ],
    [
      'a list of one that is said to be one',
      '<l><o><t>x</t></o></l>',
      xml('l.o', { arrays: ['l.o.t'] }),
      [{ t: ['x'] }],
    ],
    ['CDATA and texts of several parts', '<l><o><t>a<![CDATA[<b>]]>&#233;</t></o></l>', xml('l.o'), [{ t: 'a<b>é' }]],
    [
      'empty elements and nil',
      '<l xmlns:xsi="i"><o><a/><b></b><c xsi:nil="true"/></o></l>',
      xml('l.o'),
      [{ a: '', b: '', c: null }],
    ],
    ['texts for null', '<l><o><a/><b>x</b></o></l>', xml('l.o', { nulls: [''] }), [{ a: null, b: 'x' }]],
    ['namespaces', '<s:e xmlns:s="u"><s:b><o><id>1</id></o></s:b></s:e>', xml('s:e.s:b.o'), [{ id: '1' }]],
    ['no element, where that is said', '<l/>', xml({ path: 'l.o', missing: 'empty' }), []],
    ['no list, where that is said', '<r><l/></r>', xml({ path: 'r.l', missing: 'empty' }), []],
    [
      'Latin-1 by its declaration',
      Buffer.from('<?xml version="1.0" encoding="ISO-8859-1"?><l><o><t>é</t></o></l>', 'latin1'),
      xml('l.o'),
      [{ t: 'é' }],
    ],
    ['UTF-16 by its mark', Buffer.from('\ufeff<l><o><t>é</t></o></l>', 'utf16le'), xml('l.o'), [{ t: 'é' }]],
    [
      'UTF-8 that says UTF-16',
      '<?xml version="1.0" encoding="utf-16"?><l><o><t>é</t></o></l>',
      xml('l.o'),
      [{ t: 'é' }],
    ],
    [
      'an element named __proto__',
      '<l><o><__proto__>x</__proto__></o></l>',
      xml('l.o'),
      [JSON.parse('{"__proto__":"x"}')],
    ],
  ])('has records in %s', (_, body, given, records) => {
    expect(JSON.stringify(read(body, given).records)).toBe(JSON.stringify(records));
  });

  test('values become what the schema wants', () => {
    const line = { type: 'object', properties: { n: { type: 'number' }, ok: { type: 'boolean' } } };
    const schema = {
      type: 'object',
      properties: { id: { type: 'integer' }, lines: { type: 'array', items: line }, none: { type: 'array' } },
    };
    const body = '<l><o><id>12</id><lines><n>1.50</n><ok>true</ok></lines><none/></o></l>';
    expect(read(body, xml('l.o', {}, { schema })).records).toEqual([
      { id: '12', lines: [{ n: 1.5, ok: true }], none: [] },
    ]);
  });

  test('its fields lead to the next page', () => {
    const pagination = { type: 'token', token: 'feed.next', as: 'page' } as const;
    expect(read(feed, xml('feed.item', {}, { pagination })).next.cursor).toBe('p2');
  });

  test.each<[name: string, body: string, records: StreamInput['records'], says: RegExp]>([
    ['ends early', feed.slice(0, -7), 'feed.item', /not well-formed, or a part of it, at line 1/],
    ['ends within a name', feed.slice(0, 60), 'feed.item', /not well-formed/],
    ['has elements that cross', '<l><a><b></a></b></l>', 'l.a', /not well-formed/],
    ['has two roots', '<l/><l/>', 'l', /not well-formed/],
    ['is JSON', '{"a":1}', 'l.a', /not well-formed/],
    ['is empty', '', 'l.a', /not well-formed/],
    ['lacks the list', '<l><b/></l>', 'l.o', /at "l.o", found nothing.*missing: empty/],
    ['has its list elsewhere', '<l><a><o/><o/></a></l>', 'l.o', /arrays are at "l.a.o"/],
    ['has another root', '<error/>', { path: 'l.o', missing: 'empty' }, /expected the root element "l"/],
    ['has entities of its own', '<!DOCTYPE l [<!ENTITY a "x">]><l><o>&a;</o></l>', 'l.o', /not well-formed/],
    [
      'reads files',
      '<!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]><l><o>&a;</o></l>',
      'l.o',
      /not well-formed/,
    ],
    ['is deep', `<l>${'<a>'.repeat(9000)}${'</a>'.repeat(9000)}</l>`, 'l.a', /more than 500 elements/],
  ])('is asked for again where it %s', (_, body, records, says) => {
    const error = failure(body, xml(records));
    expect(error).toBeInstanceOf(RetryLater);
    expect((error as Error).message).toMatch(says);
  });
});

describe('files of an archive', () => {
  test('are read one after the other', () => {
    const page = openedAs(many('id\n1\n', 'id\n2,3\n4\n'), { format: 'csv' });
    expect(page.records).toEqual([{ id: '1' }, ['2', '3'], { id: '4' }]);
    expect([...(page.faults ?? [])]).toEqual([[1, 'expected 1 fields in the row, found 2']]);
    expect(page.texts).toEqual(['{"id":"1"}', '["2","3"]', '{"id":"4"}']);
  });

  test('keep the exact texts of JSON', () => {
    expect(openedAs(many('[{"id":1.50}]', '[{"id": 2}]'), {}).texts).toEqual(['{"id":1.50}', '{"id": 2}']);
  });

  test('are told apart in errors', () => {
    expect(() => openedAs(many('[]', '{'), {})).toThrow(/file 2 of 2, 1 bytes/);
  });
});
