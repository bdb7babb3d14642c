import type { UndoReport } from '../landing/undo-run.ts';

interface Said {
  readonly way: 'run' | 'back';
  /** Where the stream is written to beside the store's own table. */
  readonly follows: readonly string[];
}

/** What an undo, or its way back, does to one stream, in plain words. */
export function undoLines(report: UndoReport, { way, follows }: Said): readonly string[] {
  const { syncId, effects, targets } = report;
  const { events, keys, decided, waiting, quarantined, unfit } = effects;
  const others = follows.filter((target) => !targets.includes(target));
  return [
    `${syncId}:`,
    `  ${count(events, 'event')} of the log${keys > 0 ? ` (${count(keys, 'key')})` : ''} ${way === 'run' ? `no longer ${events === 1 ? 'counts' : 'count'}` : `${events === 1 ? 'counts' : 'count'} again`}`,
    ...(decided > 0
      ? [`  ${count(decided, 'event')} of other runs then ${decided === 1 ? 'has' : 'have'} another effect`]
      : []),
    ...(waiting > 0
      ? [
          `  ${count(waiting, 'record')} of others ${way === 'run' ? `${waiting === 1 ? 'waits' : 'wait'} again` : 'had waited'}`,
        ]
      : []),
    ...(quarantined > 0
      ? [
          `  ${count(quarantined, 'record')} in quarantine ${way === 'run' ? `${quarantined === 1 ? 'goes' : 'go'} with it` : 'held again'}`,
        ]
      : []),
    ...(unfit > 0 ? [`  ${count(unfit, 'event')} of its keys no longer fit the definition, and go to quarantine`] : []),
    ...(targets.length > 0 ? [`  its tables in ${targets.join(', ')} are made anew from the log`] : []),
    ...(others.length > 0 ? [`  its tables in ${others.join(', ')} follow with their next load`] : []),
    ...readingLines(report, way),
  ];
}

function readingLines(
  { partner, stream, watermark, window, effects }: UndoReport,
  way: Said['way'],
): readonly string[] {
  if (way === 'back')
    return effects.unchanged === 0
      ? []
      : [
          `  runs since the undo have found ${count(effects.unchanged, 'record')} unchanged: the next run reads them again`,
        ];
  const lines = isRange(window)
    ? [
        `  no later run reads ${window} by itself: \`syncline sync ${partner} ${stream} --window ${window} --force\` does`,
      ]
    : [
        `  the next run reads ${watermark === null ? 'everything again' : `again from ${watermark.replace(/\.?0+Z$/, 'Z')}`}`,
      ];
  if (effects.unchanged > 0)
    lines.push(
      `  later runs found ${count(effects.unchanged, 'record')} unchanged: those that this run had brought are missing until the next run reads them again`,
    );
  return lines;
}

const isRange = (window: string): boolean => window.includes('..') && !window.startsWith('..');

const count = (number: number, what: string): string =>
  `${number.toLocaleString('en-US')} ${number === 1 ? what : `${what}s`}`;
