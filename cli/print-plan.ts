import type { StreamPlan } from '../landing/read-plans.ts';
import { visible } from '../core/visible.ts';

/** What a definition changes of a stream's table, for people. */
export function planLines(partner: string, plan: StreamPlan): readonly string[] {
  const { stream, table, isNew, added, renamed, retyped, made, kept, fault, isChanged, remadeFrom, targets } = plan;
  const lines = [`${partner}.${stream} (${table})`];
  if (isNew)
    lines.push('  the table is not there: the next run makes it, of all that was received before, if anything was');
  if (remadeFrom !== undefined)
    lines.push(
      `  ~ transforms have changed: the next run makes the table anew from ${remadeFrom === 1 ? '1 event' : `${remadeFrom.toLocaleString('en-US')} events`} of the log`,
    );
  for (const { from, to } of renamed)
    lines.push(
      `  > ${visible(from)} → ${visible(to)}: runs fail until \`syncline plan ${partner} ${stream} --apply\` has renamed it; no value changes`,
    );
  for (const { column, type } of added)
    lines.push(`  + ${visible(column)} ${type}: the next run adds it, and fills it from what was received`);
  for (const { column, from, to } of retyped)
    lines.push(
      `  ~ ${visible(column)} ${visible(from)} → ${to}: runs fail until \`syncline plan ${partner} ${stream} --apply\` has filled it anew from the log`,
    );
  if (made.length > 0)
    lines.push(
      `  * ${made.map(visible).join(', ')}: made of ${made.length === 1 ? 'a field' : 'fields'} that no schema names (\`syncline drift ${partner} ${stream}\`)`,
    );
  for (const column of kept)
    lines.push(
      `  = ${visible(column)}: no field of the definition has this name; the column stays, ${remadeFrom === undefined ? 'with the values that it has' : 'empty'}`,
    );
  if (fault !== undefined) lines.push(`  ! ${visible(fault)}`);
  if (lines.length === (made.length > 0 ? 2 : 1)) lines.push('  nothing changes');
  if (isChanged)
    lines.push(
      '  The definition has changed since the last run: the next run asks without conditions, so that records that did not fit come again.',
    );
  const needing = retyped.flatMap(({ column, widens }) => (widens ? [] : [visible(column)]));
  const others = targets.filter((target) => target !== 'postgres');
  if (others.length > 0 && remadeFrom !== undefined)
    lines.push(`  In ${others.join(', ')}: the next load makes the table anew.`);
  else if (others.length > 0 && (added.length > 0 || renamed.length > 0 || retyped.length > 0))
    lines.push(
      `  In ${others.join(', ')}: ${[
        ...(added.length > 0 ? ['new columns come with the next load'] : []),
        ...elsewhere(plan),
        ...(needing.length > 0
          ? [`${needing.join(', ')} with \`syncline rebuild ${partner} ${stream} --target ${others[0]}\``]
          : []),
      ].join('; ')}.`,
    );
  return lines;
}

/** What loads do of it, once the store's own table has it. */
function elsewhere({ renamed, retyped }: StreamPlan): readonly string[] {
  const named = [
    ...renamed.map(({ to }) => visible(to)),
    ...retyped.flatMap(({ column, widens }) => (widens ? [visible(column)] : [])),
  ];
  return named.length === 0 ? [] : [`${named.join(', ')} with the first load after the next run, in place`];
}
