import type { Source } from '../../core/source.ts';
import type { Partner, StreamDefinition } from '../../definitions/definition.ts';
import { buildRequest } from './build-request.ts';
import { foreseeNext } from './foresee-next.ts';
import { readPage } from './read-page.ts';

/** A partner as its definition describes it. */
export function declaredSource(partner: Partner, stream: StreamDefinition): Source {
  const { pagination, records } = stream;
  const { auth } = partner;
  return {
    request: (position) => buildRequest({ partner, stream, position }),
    read: (answer, position) => readPage({ partner, stream }, answer, position),
    foresee: (answer, position) => {
      const { outline, headers, url } = answer;
      // The text of a large page is decoded when somebody asks for it.
      return foreseeNext({ pagination, text: outline ?? answer.text, records, headers, position, url, auth });
    },
    counts: pagination.type === 'offset' || pagination.type === 'page',
    ...('emptyPages' in pagination && pagination.emptyPages !== undefined ? { emptyPages: pagination.emptyPages } : {}),
    statesTotal: 'total' in pagination && pagination.total !== undefined,
  };
}
