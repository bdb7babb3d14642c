import { lines, type Panel } from './panel.ts';
import type { Query } from './query.ts';

/** What processes take. Workers and ingest have the same series: `which` is one that only the wanted ones have. */
export function processPanels(which: string): readonly Panel[] {
  const own = (expr: string, legend: string): Query => ({ expr: `${expr} and on (instance) ${which}`, legend });
  return [
    lines({
      title: 'Memory',
      says: 'Of the processes, and of it what JavaScript uses',
      width: 8,
      unit: 'bytes',
      queries: [
        own('process_resident_memory_bytes', '{{instance}}'),
        own('nodejs_heap_size_used_bytes', '{{instance}} heap'),
      ],
    }),
    lines({
      title: 'Event loop lag',
      says: '99 % of the waits of the last five seconds were no longer. Above a second, the process has too much to do',
      width: 8,
      unit: 's',
      queries: [own('nodejs_eventloop_lag_p99_seconds', '{{instance}}')],
    }),
    lines({
      title: 'Database connections',
      says: 'Work that waits for a connection: raise SYNCLINE_DATABASE_CONNECTIONS, or run more processes',
      width: 8,
      unit: 'short',
      queries: [
        own('syncline_database_connections', '{{instance}} {{state}}'),
        own('syncline_database_waiting', '{{instance}} waiting'),
      ],
    }),
  ];
}
