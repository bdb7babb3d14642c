import type { CheckedStream, FailedCheck } from '../activities/check/check-stream.ts';
import type { SampledPage } from '../activities/check/sample.ts';
import { visible } from '../core/visible.ts';
import { schemaYaml } from '../definitions/suggest-schema.ts';
import { describeLimits } from './describe-limits.ts';
import type { Output } from './output.ts';

/** What a check found of one stream. All of it may quote the partner: each line stays one line. */
export function printCheck(
  output: Output,
  result: CheckedStream | FailedCheck,
  { suggestSchema }: { readonly suggestSchema: boolean },
): void {
  const say = (line: string): void => output.say(`  ${visible(line)}`);
  output.say(`\n${result.stream}`);
  if ('error' in result) {
    if (result.request !== null) say(result.request);
    say(`${result.deferred ? 'not checked' : 'failed'}: ${result.error}`);
    return;
  }
  if (result.pages.length > 0) for (const line of requestsOf(result)) say(line);
  for (const line of [...result.learnt, ...describeLimits(result.limits)]) say(line);
  for (const { path, reason, count } of result.rejected)
    say(`does not fit: ${path || '(the record)'}: ${reason} (${count} of ${result.records})${cureOf(reason)}`);
  if (result.unknownFields.length > 0)
    say(
      `not in the schema, ${result.unknownInto === '_extra' ? 'goes to _extra' : 'gets a column by itself'}: ${result.unknownFields.join(', ')}${suggestSchema ? '' : ' (--suggest-schema writes one for all that came)'}`,
    );
  for (const { code, severity, says } of result.findings) say(`${severity} ${code}: ${says}`);
  for (const { says } of result.verified) say(`verified: ${says}`);
  for (const { says } of result.unverified) say(`not verified: ${says}`);
  printColumns(output, result);
  if (suggestSchema) printSchema(output, result);
}

function requestsOf({ request, pages, bound, hasNext, total }: CheckedStream): string[] {
  const [first, ...more] = pages;
  return [
    ...(first === undefined ? [] : [`${request} ${answered(first)}`]),
    ...more.map((page, i) => `page ${i + 2} ${answered(page)}`),
    ...(bound === null ? [] : [`from ${bound.from} on ${answered(bound)}`]),
    `next page: ${hasNext ? 'yes' : 'none'}${total === null ? '' : `; the partner says ${total} in all`}`,
  ];
}

const answered = ({ status, durationMs, records, bytes }: SampledPage): string =>
  `answered ${status} in ${durationMs} ms: ${records} record${records === 1 ? '' : 's'}, ${bytes.toLocaleString('en-US')} bytes`;

const cureOf = (reason: string): string =>
  reason.endsWith(', found null') ? "; where it may be empty, its type is a list with 'null'" : '';

function printColumns(output: Output, { columns, records, rejected }: CheckedStream): void {
  const fitting = records - rejected.reduce((sum, { count }) => sum + count, 0);
  output.table(
    columns.map(({ name, type, samples, empty }) => ({
      column: name,
      type,
      samples: samples.join('   '),
      null: empty === 0 ? '' : `${empty} of ${fitting}`,
    })),
    ['column', 'type', 'samples', 'null'],
  );
}

function printSchema(output: Output, { records, stream, suggestedSchema, zoneless }: CheckedStream): void {
  if (records === 0) return output.say('  no schema to suggest: there were no records');
  output.say(`\n  of ${records} records, for ${stream}; look at types and required fields before you use it:\n`);
  for (const line of schemaYaml(suggestedSchema).trimEnd().split('\n')) output.say(`    ${line}`);
  for (const name of zoneless)
    output.say(
      `\n  ${visible(
        `${name} has times without a zone. For a timestamp: format: date-time, and times: { ${name}: { zone: UTC } } if UTC is what they mean`,
      )}`,
    );
}
