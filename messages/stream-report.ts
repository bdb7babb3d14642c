export type { StreamReport } from '../core/stream-report.ts';
