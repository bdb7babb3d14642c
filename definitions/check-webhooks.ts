import { closest } from './closest.ts';
import { checkFetch } from './check-requires.ts';
import type { Partner, StreamDefinition } from './definition.ts';
import type { Path, Problem } from './problem.ts';
import { isPushOnly } from './push.ts';
import { checkWebhookSecrets } from './check-webhook-secrets.ts';
import { keysOf, type PresetName, type Webhook, type WebhookRoute } from './webhooks.ts';

/** What the shape of `webhooks` alone cannot tell. No secret is repeated. */
export function checkWebhooks({ webhooks = {}, streams }: Partner): Problem[] {
  return Object.entries(webhooks).flatMap(([name, webhook]) => {
    const path = ['webhooks', name];
    return [
      ...checkSigned(webhook, path),
      ...checkWebhookSecrets(webhook, [...path, 'secrets']),
      ...webhook.routes.flatMap((route, at) => checkRoute(route, { webhook, streams, path: [...path, 'routes', at] })),
      ...checkOrder(webhook, [...path, 'routes']),
    ];
  });
}

function checkSigned({ preset, signature, url, id }: Webhook, path: Path): Problem[] {
  if (preset === undefined && signature === undefined)
    return [{ path, says: 'expected `preset` or `signature`: unsigned deliveries are not accepted' }];
  if (preset !== undefined && signature !== undefined)
    return [{ path: [...path, 'signature'], says: `preset: ${preset} says it already; leave one of the two out` }];
  const signsUrl = preset === 'hubspot' || signature?.content.includes('{url}') === true;
  const problems: Problem[] = [];
  if (signsUrl && url === undefined)
    problems.push({
      path: [...path, 'url'],
      says: 'missing; the address is signed: expected it as the sender has it, such as https://hooks.example.com/hooks/PARTNER/NAME',
    });
  if (!signsUrl && url !== undefined)
    problems.push({ path: [...path, 'url'], says: 'not used: the address is not signed here; leave it out' });
  if (signature === undefined) return problems;
  const { content, timestamp } = signature;
  if (content.includes('{timestamp}') && timestamp === undefined)
    problems.push({
      path: [...path, 'signature', 'timestamp'],
      says: 'missing; `content` has {timestamp}: expected the header that contains it',
    });
  if (timestamp !== undefined && !content.includes('{timestamp}'))
    problems.push({
      path: [...path, 'signature', 'timestamp'],
      says: 'a time that is not signed proves nothing: put {timestamp} into `content` where the sender signs it, or leave it out',
    });
  if (content.includes('{id}') && (id === undefined || !('header' in id)))
    problems.push({
      path: [...path, 'id'],
      says: '`content` has {id}: expected the header that contains it, as id: { header: … }',
    });
  return problems;
}

interface Place {
  readonly webhook: Webhook;
  readonly streams: Partner['streams'];
  readonly path: Path;
}

const presetsWithoutId: readonly (PresetName | undefined)[] = [undefined, 'hubspot', 'xero'];

function checkRoute(route: WebhookRoute, { webhook, streams, path }: Place): Problem[] {
  const { as, stream: name, when, record, key, fetch, wait } = route;
  const problem = (field: string, says: string): Problem => ({ path: [...path, field], says });
  const only = (field: string, value: unknown, ...kinds: readonly WebhookRoute['as'][]): Problem[] =>
    value === undefined || kinds.includes(as)
      ? []
      : [problem(field, `not used by as: ${as}; it belongs to as: ${kinds.join(' or ')}`)];
  const problems = [
    ...only('record', record, 'record', 'delete'),
    ...only('key', key, 'hint'),
    ...only('fetch', fetch, 'hint'),
    ...only('wait', wait, 'hint', 'sync'),
  ];
  if (when !== undefined && when.field === undefined && webhook.type === undefined && webhook.preset === undefined)
    problems.push(
      problem('when', 'expected `field` here, or `type` of the webhook: nothing says what an event is called'),
    );
  if (name === undefined)
    return as === 'sync'
      ? problems
      : [...problems, problem('stream', `missing; as: ${as} needs the stream that is meant`)];
  const stream = Object.hasOwn(streams, name) ? streams[name] : undefined;
  if (stream === undefined) {
    const near = closest(name, Object.keys(streams));
    const cure = near === undefined ? `the streams are ${Object.keys(streams).join(', ')}` : `did you mean "${near}"?`;
    return [...problems, problem('stream', `there is no stream "${name}"; ${cure}`)];
  }
  if (as === 'sync')
    return isPushOnly(stream)
      ? [...problems, problem('stream', `${name} has no path, so that there is nothing to sync; use as: record`)]
      : problems;
  if (stream.disposition === 'replace')
    return [
      ...problems,
      problem('stream', `${name} has disposition: replace, whose listing takes effect as a whole; use as: sync`),
    ];
  if (as === 'record') return [...problems, ...checkRepeated(stream, { webhook, name, path })];
  if (stream.primaryKey.length === 0)
    return [
      ...problems,
      problem('stream', `${name} has no primaryKey, so that no record of it can be named; use as: record`),
    ];
  if (as === 'delete' && (stream.deletes === undefined || stream.deletes.of !== undefined))
    return [
      ...problems,
      problem(
        'stream',
        `stream "${name}" must remember what is gone: write deletes: { as: hard } or { as: soft } there`,
      ),
    ];
  return as === 'hint' ? [...problems, ...checkHint(route, { stream, name, path })] : problems;
}

/** Without a key, only the id of a delivery tells its repetition from another record. */
function checkRepeated(
  stream: StreamDefinition,
  { webhook, name, path }: { readonly webhook: Webhook; readonly name: string; readonly path: Path },
): Problem[] {
  return stream.primaryKey.length > 0 || webhook.id !== undefined || !presetsWithoutId.includes(webhook.preset)
    ? []
    : [
        {
          path: [...path, 'stream'],
          says: `${name} has no primaryKey and these deliveries have no id, so that a repeated one would be a second row; name the \`id\` of the webhook`,
        },
      ];
}

function checkHint(
  { key, fetch }: WebhookRoute,
  { stream, name, path }: { readonly stream: StreamDefinition; readonly name: string; readonly path: Path },
): Problem[] {
  const keys = keysOf({ key });
  const { primaryKey } = stream;
  const problems: Problem[] = [];
  if (keys.length !== primaryKey.length)
    problems.push({
      path: [...path, 'key'],
      says: `expected ${primaryKey.length === 1 ? 'the path of one value' : `${primaryKey.length} paths`}, for ${name}'s primaryKey (${primaryKey.join(', ')}), found ${keys.length}`,
    });
  if (fetch === undefined)
    problems.push({
      path: [...path, 'fetch'],
      says: `missing; expected how one record of ${name} is asked for, such as fetch: { path: /${name}/${primaryKey.map((field) => `{${field}}`).join('/')} }`,
    });
  return fetch === undefined
    ? problems
    : [...problems, ...checkFetch(fetch, { needed: stream, of: name, field: undefined, path: [...path, 'fetch'] })];
}

/** A route without `when` takes all, so that none behind it is ever reached. */
function checkOrder({ routes }: Webhook, path: Path): Problem[] {
  const all = routes.findIndex(({ when }) => when === undefined);
  return all === -1 || all === routes.length - 1
    ? []
    : [
        {
          path: [...path, all + 1],
          says: 'never reached: the route before it has no `when` and takes everything; move that one to the end',
        },
      ];
}
