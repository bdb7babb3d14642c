/** What a dashboard file asks of Prometheus. */
export interface PanelQuery {
  readonly panel: string;
  readonly expr: string;
}

interface DashboardFile {
  readonly panels: readonly { readonly title: string; readonly targets?: readonly { readonly expr: string }[] }[];
  readonly templating: { readonly list: readonly { readonly definition: string }[] };
}

export function panelQueries(file: string): readonly PanelQuery[] {
  const { panels } = JSON.parse(file) as DashboardFile;
  return panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ panel: title, expr })));
}

/** The series and the label that the choices at the top of a dashboard are made of. */
export function choicesOf(file: string): readonly { readonly series: string; readonly label: string }[] {
  const { templating } = JSON.parse(file) as DashboardFile;
  return templating.list.map(({ definition }) => {
    const [, series = '', label = ''] = /^label_values\((\w+), (\w+)\)$/.exec(definition) ?? [];
    return { series, label };
  });
}
