/** Records that go in one request. */
export interface PushedBatch {
  readonly partner: string;
  readonly stream: string;
  /** Place of the first of them among all records, from 0. */
  readonly first: number;
  readonly records: number;
  /** The body: a record alone, or an array. */
  readonly body: string;
}

/** What became of a batch; it is durable. */
export interface SentBatch extends PushedBatch {
  readonly idempotencyKey: string;
  /** Of the request, at the server. */
  readonly id: string;
  /** Where its state can be asked for. */
  readonly location: string;
  /** The answer is that of an earlier try. */
  readonly replayed: boolean;
  readonly items: readonly SentItem[];
}

export interface SentItem {
  /** Place among all records, from 0. */
  readonly record: number;
  readonly status: 'accepted' | 'quarantined';
  readonly pointer?: string;
  readonly detail?: string;
}

/** A batch with the texts that it is made of, so that it can be cut in two. */
export interface Cut extends PushedBatch {
  readonly texts: readonly string[];
}

export interface CutInto {
  readonly partner: string;
  readonly stream: string;
  readonly most: { readonly records: number; readonly bytes: number };
}

/** Batches of records in their order, by count and by bytes of JSON in UTF-8. Throws a TypeError for what is no JSON. */
export async function* batchesOf(
  records: Iterable<unknown> | AsyncIterable<unknown>,
  { partner, stream, most }: CutInto,
): AsyncGenerator<Cut, void, undefined> {
  let first = 0;
  let texts: string[] = [];
  let bytes = 0;
  const take = (): Cut => {
    const cut = cutOf({ partner, stream, first, texts });
    first += texts.length;
    texts = [];
    bytes = 0;
    return cut;
  };
  for await (const record of records) {
    const text = textOf(record, first + texts.length);
    // A comma, or a bracket.
    const more = Buffer.byteLength(text) + 1;
    if (texts.length > 0 && (texts.length >= most.records || bytes + more >= most.bytes)) yield take();
    texts.push(text);
    bytes += more;
  }
  if (texts.length > 0) yield take();
}

/** The two halves of a batch of several records. */
export function halvesOf({ partner, stream, first, texts }: Cut): readonly [Cut, Cut] {
  const middle = Math.ceil(texts.length / 2);
  return [
    cutOf({ partner, stream, first, texts: texts.slice(0, middle) }),
    cutOf({ partner, stream, first: first + middle, texts: texts.slice(middle) }),
  ];
}

const cutOf = (of: Pick<Cut, 'partner' | 'stream' | 'first' | 'texts'>): Cut => ({
  ...of,
  records: of.texts.length,
  body: of.texts.length === 1 ? (of.texts[0] as string) : `[${of.texts.join(',')}]`,
});

function textOf(record: unknown, index: number): string {
  // `undefined`, and a function, have no JSON: the types of JSON.stringify do not say so.
  const text = JSON.stringify(record) as string | undefined;
  if (text === undefined) throw new TypeError(`record ${index}: expected a value that JSON can write`);
  return text;
}
