import { html, type Html } from '../../core/html.ts';
import { sentPage } from '../../ui/parts/sent-page.ts';
import { table } from '../../ui/parts/table.ts';
import type { PartnerReport } from '../partner-report.ts';
import { introOf, sectionsOf, titleOf } from '../sections/sections.ts';
import type { Cell, Section, SectionTable } from './section.ts';

/** The report as one HTML file. `made`: by which version of Syncline. */
export const toHtml = (report: PartnerReport, made: string): string =>
  sentPage({
    title: titleOf(report),
    intro: html`${introOf(report)}`,
    body: html`${sectionsOf(report).map(sectionHtml)}`,
    made,
  });

const sectionHtml = ({ title, says, tables }: Section): Html =>
  html`<section>
    <h2>${title}</h2>
    ${says.map((text) => html`<p>${text}</p>`)} ${tables.map(tableHtml)}
  </section>`;

function tableHtml({ caption, columns, figures, rows }: SectionTable): Html {
  return html`<h3>${caption}</h3>
    ${table({
      caption,
      none: '',
      rows,
      columns: columns.map((title, i) => ({
        title,
        isNumber: figures.includes(title),
        cell: (row: readonly Cell[]) => cellHtml(row[i] ?? ''),
      })),
    })}`;
}

const cellHtml = (cell: Cell): Html => (typeof cell === 'string' ? html`${cell}` : html`<code>${cell.code}</code>`);
