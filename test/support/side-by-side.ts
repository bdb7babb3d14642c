import { test } from '@jest/globals';
import { runAll } from './run-all.ts';

type Row = string | { readonly name: string } | readonly [unknown, ...unknown[]];
type Arguments<R> = R extends readonly unknown[] ? [...R] : [R];

interface Scenario {
  (name: string, body: () => Promise<void>, timeoutMs?: number): void;
  /** As `test.each`, with `$name` of an object or `%s` of an array or text. */
  each<R extends Row>(
    rows: readonly R[],
  ): (name: string, body: (...of: Arguments<R>) => Promise<void>, timeoutMs?: number) => void;
}

/**
 * Tests that share nothing but their scene and mostly wait for time to pass: their bodies begin together with the first of
 * them, some at once, and each test waits for its own.
 */
export function sideBySide(atOnce = 4): Scenario {
  const cases: { readonly name: string; readonly body: () => Promise<void> }[] = [];
  let done: ((name: string) => Promise<void>) | undefined;
  const scenario = (name: string, body: () => Promise<void>, timeoutMs?: number): void => {
    // Two of another describe may be called alike.
    const unique = `${cases.length} ${name}`;
    cases.push({ name: unique, body });
    // oxlint-disable-next-line jest/expect-expect -- the bodies have them
    test(
      // oxlint-disable-next-line jest/valid-title -- it is a text
      name,
      () => {
        done ??= runAll(cases, (each) => each.body(), atOnce);
        return done(unique);
      },
      timeoutMs,
    );
  };
  return Object.assign(scenario, {
    each:
      <R extends Row>(rows: readonly R[]) =>
      (name: string, body: (...of: Arguments<R>) => Promise<void>, timeoutMs?: number): void => {
        for (const row of rows) {
          const of = (Array.isArray(row) ? row : [row]) as Arguments<R>;
          const words: unknown[] = typeof row === 'object' && 'name' in row ? [row.name] : [...(of as unknown[])];
          scenario(
            name.replaceAll(/%s|\$name/g, () => String(words.shift())),
            () => body(...of),
            timeoutMs,
          );
        }
      },
  });
}
