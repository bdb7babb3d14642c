import { checkAnswers } from './check-answers.ts';
import { checkAuth } from './check-auth.ts';
import { checkDeletes } from './check-deletes.ts';
import { checkKeep } from './check-keep.ts';
import { checkLimits } from './check-limits.ts';
import { checkParents } from './check-parents.ts';
import { childName } from './children.ts';
import { checkReconcile } from './check-reconcile.ts';
import { checkRequest } from './check-request.ts';
import { checkRequires } from './check-requires.ts';
import { checkRows } from './check-rows.ts';
import { checkRules } from './check-rules.ts';
import { checkSchedules } from './check-schedules.ts';
import type { Partner } from './definition.ts';
import { historyIn } from './history.ts';
import type { Path, Problem } from './problem.ts';
import { checkPush, checkPushedName } from './push.ts';
import { checkTransforms } from './check-transforms.ts';
import { checkTls } from './tls.ts';
import { checkWebhooks } from './check-webhooks.ts';

/** What the shape alone cannot tell: rules between fields, between streams, and between a stream and its schema. */
export function checkPartner(partner: Partner, isSecret?: (path: Path) => boolean): readonly Problem[] {
  const checkedWith = { headers: partner.headers, ...(isSecret === undefined ? {} : { isSecret }) };
  return [
    ...checkAddress(partner),
    ...checkAuth(partner.auth, ['auth']),
    ...checkTls(partner.tls, partner.baseUrl),
    ...checkLimits(partner.limits),
    ...Object.entries(partner.streams).flatMap(([name, stream]) => [
      ...checkRequest(stream, ['streams', name], checkedWith),
      ...checkAnswers(stream, ['streams', name]),
      ...(stream.auth === undefined ? [] : checkAuth(stream.auth, ['streams', name, 'auth'])),
      ...checkRows(stream, ['streams', name]),
      ...checkTransforms(stream, ['streams', name], isSecret),
      ...checkKeep(stream, ['streams', name, 'keep', 'log']),
      ...checkPush(stream, ['streams', name]),
    ]),
    ...checkPushedName(partner),
    ...checkParents(partner.streams),
    ...checkRequires(partner.streams),
    ...checkRules(partner.streams),
    ...checkDeletes(partner.streams),
    ...checkTables(partner),
    ...checkSchedules(partner),
    ...checkReconcile(partner),
    ...checkWebhooks(partner),
  ];
}

function checkAddress({ baseUrl }: Partner): Problem[] {
  const url = new URL(baseUrl);
  const path = ['baseUrl'];
  const problems: Problem[] = [];
  if (url.username !== '' || url.password !== '')
    problems.push({ path, says: 'expected a URL without user and password; write auth: { type: basic, … }' });
  if (url.search !== '' || url.hash !== '')
    problems.push({
      path,
      says: 'expected a URL without a query or fragment; write parameters under `query` of each stream',
    });
  return problems;
}

function checkTables({ streams }: Partner): Problem[] {
  const owners = new Map<string, string>();
  const tables = Object.entries(streams).flatMap(([name, stream]) => {
    const path = ['streams', name];
    const history = historyIn(stream, name);
    return [
      {
        table: stream.table ?? name,
        of: `stream ${name}`,
        path: stream.table === undefined ? path : [...path, 'table'],
      },
      ...(history === undefined
        ? []
        : [{ table: history.table, of: `the history of ${name}`, path: [...path, 'history'] }]),
      ...Object.entries(stream.children ?? {}).map(([field, child]) => ({
        table: child.table ?? childName(stream.table ?? name, field),
        of: `${field} of ${name}`,
        path: [...path, 'children', field],
      })),
    ];
  });
  return tables.flatMap(({ table, of, path }) => {
    const owner = owners.get(table);
    owners.set(table, owner ?? of);
    return owner === undefined
      ? []
      : [{ path, says: `table "${table}" is already the one of ${owner}; give each a table of its own` }];
  });
}
