/** Facts about a piece of work: names, numbers, states. Never a value of a record or a secret. */
export type SpanFacts = Readonly<Record<string, string | number | boolean>>;

export interface Span {
  /** Adds what became known meanwhile. */
  readonly note: (facts: SpanFacts) => void;
}

/** `client`: a request to somebody else. `server`: a request of somebody else. */
export type SpanKind = 'inside' | 'client' | 'server';

export interface SpanOf {
  /** Names of partners and streams at most: whoever looks at traces groups by it. */
  readonly name: string;
  readonly kind?: SpanKind;
  readonly facts?: SpanFacts;
  /** `traceparent` of who asked (W3C Trace Context), to go on with their trace. */
  readonly traceparent?: string | undefined;
}

/** Times pieces of work and says what they are part of. What `work` returns or throws passes as it is. */
export interface Spans {
  readonly within: <T>(of: SpanOf, work: (span: Span) => Promise<T>) => Promise<T>;
  /** Of what is under way, for a request to somebody else; undefined: nothing is traced. */
  readonly traceparent: () => string | undefined;
}

/** For whoever traces nothing. */
export const noSpans: Spans = {
  within: (_, work) => work({ note: () => {} }),
  traceparent: () => undefined,
};
