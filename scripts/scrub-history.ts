const names = new Set(['identity', 'stackTrace', 'binaryChecksum', 'buildId']);

/** A history in JSON without what tells of the machine: worker identities (pid@host), sticky queues, paths in stacks. */
export function scrubHistory(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(scrubHistory);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value);
  // A sticky queue is named after its worker's process; the queue it stands for is kept.
  const sticky = fields.some(([name, field]) => name === 'kind' && field === 'TASK_QUEUE_KIND_STICKY');
  return Object.fromEntries(
    fields.flatMap(([name, field]) => {
      if (sticky && name === 'name') return [[name, 'sticky']];
      if (name === 'stackTrace') return [];
      return [[name, names.has(name) && typeof field === 'string' && field !== '' ? 'syncline' : scrubHistory(field)]];
    }),
  );
}
