/** What a command that failed under `execFile` had to say. */
export function stderrOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'stderr' in error ? String(error.stderr).trim() : '';
}
