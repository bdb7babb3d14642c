import type { Dashboard } from './dashboard.ts';
import { lines } from './panel.ts';
import { perSecond, quantile } from './query.ts';

/** The server of `docker-compose.yml`. A server elsewhere has these series too, under a job of another name. */
const server = 'job="temporal"';

export const temporalServer: Dashboard['rows'][number] = [
  'Temporal server',
  [
    lines({
      title: 'Requests to the server per second',
      says: 'By service of the server',
      width: 8,
      unit: 'reqps',
      queries: [{ expr: perSecond('service_requests', 'service_name', server), legend: '{{service_name}}' }],
    }),
    lines({
      title: 'Request times of the server',
      says: '95 % took no longer; without the requests that wait for work',
      width: 8,
      unit: 's',
      queries: [
        {
          expr: quantile(
            0.95,
            'service_latency',
            'service_name',
            `${server}, operation!~"Poll.*|GetWorkflowExecutionHistory.*"`,
          ),
          legend: '{{service_name}}',
        },
      ],
    }),
    lines({
      title: 'Slowest operations of its database',
      says: '95 % took no longer',
      width: 8,
      unit: 's',
      queries: [
        { expr: `topk(10, ${quantile(0.95, 'persistence_latency', 'operation', server)})`, legend: '{{operation}}' },
      ],
    }),
  ],
];
