import { GiveUp } from '../../core/errors.ts';
import { setInBody } from '../../definitions/body-path.ts';
import type { StreamDefinition } from '../../definitions/definition.ts';
import { mapTexts } from '../../definitions/map-texts.ts';
import { bodyKind } from '../../definitions/templates-of.ts';
import type { Param } from './build-request.ts';
import { fillText, fillValue } from './fill-template.ts';
import { filledParameters } from './request-parameters.ts';
import type { Lookup } from './template-values.ts';

export interface RequestBody {
  readonly text: string;
  /** Its content type. */
  readonly type: string;
}

interface Given {
  readonly stream: StreamDefinition;
  readonly params: readonly Param[];
  readonly values: { readonly lookup: Lookup };
}

/** The body of a request with its templates filled and its parameters in their places; undefined: it has none. */
export function bodyOf({ stream, params, values: { lookup } }: Given): RequestBody | undefined {
  const { body, form, text, contentType = 'text/plain', graphql, lists } = stream;
  const inBody = params.filter((param) => param.in === 'body');
  if (form !== undefined) {
    const filled = new URLSearchParams();
    for (const [name, texts] of filledParameters(form, { lists, lookup }))
      for (const value of texts) filled.append(name, value);
    for (const { as, value } of inBody) filled.set(as, String(value));
    return { text: filled.toString(), type: 'application/x-www-form-urlencoded' };
  }
  if (text !== undefined) return { text: fillText(text, { lookup }), type: contentType };
  if (graphql !== undefined) {
    const query = fillText(graphql.query, { lookup, kind: 'graphql' });
    return json({ query, variables: filledJson(graphql.variables, lookup) }, inBody);
  }
  if (body === undefined && inBody.length === 0) return undefined;
  const filled = mapTexts(body ?? {}, (value, path) =>
    fillValue(value, { lookup, kind: bodyKind(path, value) }, typeof path.at(-1) === 'number'),
  );
  return json(filled, inBody);
}

const filledJson = (value: unknown, lookup: Lookup): unknown =>
  mapTexts(value, (text, path) => fillValue(text, { lookup }, typeof path.at(-1) === 'number'));

/** Names with dots go into nested objects and lists (`variables.after`, `filters.0.value`). */
function json(filled: unknown, params: readonly Param[]): RequestBody {
  let body = filled as Readonly<Record<string, unknown>>;
  for (const { as, value } of params) {
    const set = setInBody(body, as, value);
    if ('says' in set) throw new GiveUp(`"${as}" has no place in the body: ${set.says}`);
    ({ body } = set);
  }
  return { text: JSON.stringify(body), type: 'application/json' };
}
