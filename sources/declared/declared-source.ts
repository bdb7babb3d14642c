import type { Source } from '../../core/source.ts';
import type { Partner, StreamDefinition } from '../../definitions/definition.ts';
import { compressionOf, formatOf } from '../../definitions/formats.ts';
import { plainPath, shapeOf } from '../../definitions/records.ts';
import { prepareBody } from './formats/read-body.ts';
import { buildRequest } from './build-request.ts';
import { foreseeNext } from './foresee-next.ts';
import { readPage } from './read-page.ts';

/** A partner as its definition describes it. */
export function declaredSource(partner: Partner, stream: StreamDefinition): Source {
  const { pagination } = stream;
  const compression = compressionOf(stream.compression);
  // Other formats are read whole before anything can be told of them.
  const isJson = formatOf(stream.format).type === 'json' && compression === undefined;
  const records = isJson ? plainPath(shapeOf(stream.records)) : undefined;
  const { auth } = partner;
  return {
    request: (position) => buildRequest({ partner, stream, position }),
    prepare: (answer) => prepareBody(stream, answer),
    read: (answer, position) => readPage({ partner, stream }, answer, position),
    foresee: (answer, position) => {
      if (records === undefined) return undefined;
      const { outline, headers, url } = answer;
      // The text of a large page is decoded when somebody asks for it.
      return foreseeNext({ pagination, text: outline ?? answer.text, records, headers, position, url, auth });
    },
    ...(compression === undefined ? {} : { compression }),
    counts: pagination.type === 'offset' || pagination.type === 'page',
    ...('emptyPages' in pagination && pagination.emptyPages !== undefined ? { emptyPages: pagination.emptyPages } : {}),
    // What is exploded is not what the partner counts.
    statesTotal:
      'total' in pagination && pagination.total !== undefined && shapeOf(stream.records).explode === undefined,
  };
}
