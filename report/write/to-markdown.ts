import { visible } from '../../core/visible.ts';
import type { PartnerReport } from '../partner-report.ts';
import { introOf, sectionsOf, titleOf } from '../sections/sections.ts';
import type { Cell, Section, SectionTable } from './section.ts';

/** The report as Markdown (GitHub's, for its tables). `made`: by which version of Syncline. */
export function toMarkdown(report: PartnerReport, made: string): string {
  const sections = sectionsOf(report).flatMap(sectionLines);
  const blocks = [`# ${plain(titleOf(report))}`, plain(introOf(report)), ...sections, `Made by ${plain(made)}.`];
  return `${blocks.join('\n\n')}\n`;
}

const sectionLines = ({ title, says, tables }: Section): readonly string[] => [
  `## ${plain(title)}`,
  ...says.map(plain),
  ...tables.flatMap(tableLines),
];

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

function tableLines({ caption, columns, figures, rows }: SectionTable): readonly string[] {
  return [
    `### ${plain(caption)}`,
    [
      line(columns.map(plain)),
      line(columns.map((title) => (figures.includes(title) ? '--:' : '---'))),
      ...rows.map((row) => line(columns.map((_, i) => cellText(row[i] ?? '')))),
    ].join('\n'),
  ];
}

/** A span of code ends at its first backtick, and a bar ends the cell also inside of one. */
const cellText = (cell: Cell): string => {
  if (typeof cell === 'string') return plain(cell);
  const text = visible(cell.code);
  return text === '' || /[`\\|]/.test(text) ? plain(text) : `\`${text}\``;
};

/**
 * Text that stays text: neither markup nor HTML, nor an address that a reader could be led to (GFM makes links of `www.` and of `http://`
 * without any markup), and always one line. It begins with words of ours: what begins a list is not looked for.
 */
export const plain = (text: string): string =>
  visible(text)
    .replaceAll(/[\\`*_{}[\]<>#|~&!@]/g, String.raw`\$&`)
    .replaceAll(/\b(https?|ftp|mailto|xmpp):/gi, String.raw`$1\:`)
    .replaceAll(/\bwww\./gi, String.raw`www\.`);
