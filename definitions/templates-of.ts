import type { StreamDefinition } from './definition.ts';
import type { Job, JobRequest } from './job.ts';
import { mapTexts } from './map-texts.ts';
import type { Path } from './problem.ts';
import type { TemplateKind } from './template.ts';

/** A text of a stream in which placeholders are filled. */
export interface PlacedText {
  /** From the stream. */
  readonly path: Path;
  readonly text: string;
  readonly kind: TemplateKind;
  /** A member, an item, a parameter or a header: one that is nothing but a placeholder without a value is left out. */
  readonly mayBeLeftOut: boolean;
}

type Templates = Pick<StreamDefinition, 'path' | 'query' | 'headers' | 'body' | 'form' | 'text' | 'graphql'>;
type WithJob = Templates & Pick<StreamDefinition, 'job'>;

/** All texts of a stream's requests in which placeholders are filled; those of the partner's headers are not among them. */
export function templatesOf(stream: WithJob): readonly PlacedText[] {
  const steps = stream.job === undefined ? [] : jobSteps(stream.job);
  return [
    ...requestTexts(stream),
    ...steps.flatMap(([name, step]) =>
      requestTexts(step).map((placed) => ({ ...placed, path: ['job', name, ...placed.path] })),
    ),
  ];
}

/** The requests of a job that it has, by their names. */
export function jobSteps({ create, find, poll, cancel }: Job): readonly (readonly [string, JobRequest])[] {
  const steps: readonly (readonly [string, JobRequest | undefined])[] = [
    ['create', create],
    ['find', find],
    ['poll', poll],
    ['cancel', cancel],
  ];
  return steps.flatMap(([name, step]) => (step === undefined ? [] : [[name, step] as const]));
}

function requestTexts(stream: Partial<Templates>): readonly PlacedText[] {
  const { path, query, headers, body, form, text, graphql } = stream;
  return [
    ...(path === undefined ? [] : [{ path: ['path'], text: path, kind: 'path' as const, mayBeLeftOut: false }]),
    ...textsIn(query, ['query']),
    ...textsIn(headers, ['headers']),
    ...textsIn(body, ['body'], bodyKind),
    ...textsIn(form, ['form']),
    ...(text === undefined ? [] : [{ path: ['text'], text, kind: 'text' as const, mayBeLeftOut: false }]),
    ...(graphql === undefined
      ? []
      : [{ path: ['graphql', 'query'], text: graphql.query, kind: 'graphql' as const, mayBeLeftOut: false }]),
    ...textsIn(graphql?.variables, ['graphql', 'variables']),
  ];
}

/** In a body that is a GraphQL request, too, the braces of its query belong to GraphQL. */
export const bodyKind = (path: Path, text: string): TemplateKind =>
  path.length === 1 && path[0] === 'query' && isGraphql.test(text) ? 'graphql' : 'text';

/** `query … {`, or a selection that has another one in it. JSON begins with a quote, a placeholder has no brace in it. */
const isGraphql = /^\s*(#[^\n]*\s+)*((query|mutation|subscription|fragment)\b[^{]*\{|\{\s*\w[^}]*\{)/;

function textsIn(
  value: unknown,
  at: Path,
  kindOf: (path: Path, text: string) => TemplateKind = () => 'text',
): readonly PlacedText[] {
  const found: PlacedText[] = [];
  mapTexts(value, (text, path) => {
    found.push({ path: [...at, ...path], text, kind: kindOf(path, text), mayBeLeftOut: true });
    return text;
  });
  return found;
}
