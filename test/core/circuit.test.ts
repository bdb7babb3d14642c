import { describe, expect, test } from '@jest/globals';
import { array, assert, boolean, constantFrom, double, integer, nat, oneof, property, record } from 'fast-check';
import { circuitSettings, mostCallsInOutage } from '../../core/circuit-settings.ts';
import { MINUTE, SECOND } from '../../core/duration.ts';
import { liveThrough, seeded } from '../support/outage-model.ts';
import { START, Told, usualSettings } from '../support/told-circuit.ts';

describe('a closed circuit', () => {
  test('of a partner that never failed is nothing at all', () => {
    const told = new Told();
    told.report({ ok: 1000 });
    expect(told.circuit).toBeUndefined();
    expect(told.ask()).toEqual({ waitMs: 0, probe: null });
  });

  test('opens at so many failures in a row, and not one earlier', () => {
    const told = new Told();
    expect(told.fail(4)).toBe(0);
    expect(told.ask()).toEqual({ waitMs: 0, probe: null });
    expect(told.fail()).toBe(750);
    expect(told.circuit).toMatchObject({ state: 'open', since: START, failures: 5, calls: 5 });
    expect(told.ask()).toEqual({ waitMs: 750, probe: null });
  });

  test('counts the row from the last success, also one that is told later', () => {
    const told = new Told();
    told.fail(4);
    told.now += 500;
    told.report({ ok: 30, okAgoMs: 100 });
    told.fail(4);
    expect(told.circuit).toMatchObject({ state: 'closed', streak: 4 });
  });

  test('is not held closed by successes from before the failures', () => {
    const told = new Told({ minCalls: 1000 });
    told.fail(4);
    told.now += 500;
    told.report({ ok: 30, okAgoMs: 600 });
    told.fail();
    expect(told.circuit?.state).toBe('open');
  });

  test.each([
    ['half of enough calls', 5, 5, 'open'],
    ['less than half', 6, 5, 'closed'],
    ['half of too few', 4, 4, 'closed'],
  ])('with %s failed: %i good, %i bad → %s', (_what, ok, failed, state) => {
    const told = new Told({ streak: 1000 });
    told.fail();
    told.report({ ok });
    told.fail(failed - 1);
    expect(told.circuit?.state).toBe(state);
  });

  test('forgets what is older than the period, little by little', () => {
    const soon = failing();
    // A quarter into the next period, three quarters of the 9 and the 8 still count.
    soon.now = START + 75 * SECOND;
    soon.fail();
    expect(soon.circuit).toMatchObject({ state: 'open', okBefore: 8, failedBefore: 9 });
    const late = failing();
    late.now = START + 105 * SECOND;
    late.fail();
    expect(late.circuit).toMatchObject({ state: 'closed', okBefore: 8, failedBefore: 9, failures: 10 });
    late.now = START + 164 * SECOND;
    late.fail();
    expect(late.circuit).toMatchObject({ state: 'closed', okBefore: 0, failedBefore: 1, failures: 11 });
    late.now += MINUTE;
    late.fail();
    expect(late.circuit).toMatchObject({ failed: 1, failedBefore: 0, calls: 1, failures: 1 });
  });
});

describe('the time without calls', () => {
  test('doubles after each failed probe up to the cap, drawn from its upper half', () => {
    for (const [random, factor] of [
      [0, 0.5],
      [0.5, 0.75],
      [0.999999, 1],
    ] as const) {
      const told = new Told();
      const waits = [told.fail(5, random)];
      for (let i = 0; i < 8; i++) {
        const probe = told.probe();
        waits.push(told.report({ error: 'down', probe }, random));
      }
      expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60].map((secs) => Math.ceil(secs * SECOND * factor)));
    }
  });

  test('is as long as the partner asks where that is longer', () => {
    const told = new Told();
    told.fail(4);
    expect(told.report({ error: 'answered 500', afterMs: 90_000 })).toBe(90_000);
  });

  test('does not begin short again where the partner fails right after it came back', () => {
    const told = new Told();
    told.fail(5);
    told.report({ error: 'down', probe: told.probe() });
    for (let i = 0; i < 2; i++) told.report({ ok: 1, probe: told.probe() });
    expect(told.circuit?.state).toBe('closed');
    expect(told.fail(5)).toBe(3000);
    for (let i = 0; i < 2; i++) told.report({ ok: 1, probe: told.probe() });
    told.now += 2 * MINUTE;
    expect(told.fail(5)).toBe(750);
  });
});

describe('a probe', () => {
  test('is one for all: the others look again after as long as it has been out', () => {
    const told = new Told();
    told.fail(5);
    const probe = told.probe();
    expect(told.ask()).toEqual({ waitMs: 250, probe: null });
    told.now += 4000;
    expect(told.ask()).toEqual({ waitMs: 4000, probe: null });
    told.now += 30_000;
    expect(told.ask()).toEqual({ waitMs: 1000, probe: null });
    told.report({ ok: 1, probe });
    expect(told.ask().probe).toBe(probe + 1);
  });

  test('whose owner is gone passes on when its lease ends, and the old owner is not heard any more', () => {
    const told = new Told();
    told.fail(5);
    const lost = told.probe();
    told.now += usualSettings.leaseMs - 1;
    expect(told.ask()).toEqual({ waitMs: 1, probe: null });
    told.now += 1;
    expect(told.ask()).toEqual({ waitMs: 0, probe: lost + 1 });
    told.report({ error: 'late', probe: lost });
    expect(told.circuit).toMatchObject({ state: 'probing', strikes: 1 });
    told.report({ ok: 1, probe: lost });
    expect(told.circuit).toMatchObject({ state: 'probing', goodProbes: 0 });
  });

  test('after another closes it when they are good, and a bad one in between begins anew', () => {
    const told = new Told();
    told.fail(5);
    told.report({ ok: 1, probe: told.probe() });
    told.report({ error: 'down', probe: told.probe() });
    told.report({ ok: 1, probe: told.probe() });
    expect(told.circuit?.state).toBe('open');
    told.report({ ok: 1, probe: told.probe() });
    expect(told.circuit).toMatchObject({ state: 'closed', streak: 0, failed: 0, since: told.now });
  });

  test('alone is heard while the circuit is not closed: calls from before it opened say nothing about now', () => {
    const told = new Told();
    told.fail(5);
    const before = told.circuit;
    told.report({ ok: 100 });
    expect(told.fail(3)).toBe(750);
    expect(told.circuit).toEqual({ ...before, calls: 108, failures: 8 });
  });
});

describe('the retry budget', () => {
  test('lets so many failures be tried again soon, then only as successes come back, and the rest after the cap', () => {
    const told = new Told({ streak: 1000, minCalls: 1000 });
    expect(told.fail(10)).toBe(0);
    expect(told.fail(1)).toBe(45_000);
    told.report({ ok: 20 });
    expect([told.fail(), told.fail(), told.fail()]).toEqual([0, 0, 45_000]);
  });

  test('holds for any order of successes and failures', () => {
    assert(
      property(array(oneof(nat(30), constantFrom('fails' as const))), (story) => {
        const told = new Told({ streak: 1e9, minCalls: 1e9 });
        const waits: number[] = [];
        let good = 0;
        for (const step of story)
          if (step === 'fails') waits.push(told.fail());
          else {
            told.report({ ok: step });
            good += step;
          }
        const soon = waits.filter((waitMs) => waitMs < usualSettings.capMs / 2);
        expect(soon).toEqual(soon.map(() => 0));
        expect(soon.length).toBeLessThanOrEqual(usualSettings.retries + usualSettings.refund * good + 1e-6);
      }),
    );
  });
});

const anySettings = record({
  baseMs: integer({ min: 2, max: 5000 }),
  capMs: integer({ min: 5000, max: 120_000 }),
  timeoutMs: integer({ min: 100, max: 60_000 }),
  streak: integer({ min: 1, max: 8 }),
  probes: integer({ min: 1, max: 4 }),
  minCalls: integer({ min: 1, max: 20 }),
  share: double({ min: 0.05, max: 1, noNaN: true }),
}).map(({ baseMs, capMs, timeoutMs, ...change }) => circuitSettings({ baseMs, capMs, timeoutMs }, change));

const anyStory = array(
  oneof(
    record({ do: constantFrom('wait' as const), ms: nat(90_000) }),
    record({ do: constantFrom('ask' as const) }),
    record({ do: constantFrom('end' as const), call: nat(20), ok: boolean() }),
  ),
  { maxLength: 120 },
);

describe('whatever happens', () => {
  test('there are never two probes at once, nobody is told to wait for ever, and it closes again', () => {
    assert(
      property(anySettings, anyStory, (settings, story) => {
        const longestMs = Math.max(settings.capMs, settings.leaseMs);
        const told = new Told(settings);
        const waits: number[] = [];
        // Calls that never end are those of owners that died.
        let calls: { probe: number | null; until: number }[] = [];
        let mostProbes = 0;
        for (const event of story) {
          if (event.do === 'wait') told.now += event.ms;
          else if (event.do === 'ask') {
            const { waitMs, probe } = told.ask();
            waits.push(waitMs);
            if (waitMs === 0 || probe !== null) calls.push({ probe, until: told.now + settings.leaseMs });
          } else {
            const call = calls[event.call];
            if (call === undefined) continue;
            calls = calls.filter((other) => other !== call);
            told.report(event.ok ? { ok: 1, probe: call.probe } : { error: 'down', probe: call.probe });
          }
          const out = calls.filter(({ probe, until }) => probe !== null && until > told.now);
          mostProbes = Math.max(mostProbes, out.length);
        }
        expect(mostProbes).toBeLessThanOrEqual(1);
        expect(waits.filter((waitMs) => waitMs < 0 || waitMs > longestMs)).toEqual([]);
        // The partner is well from now on, and somebody asks: it closes within the longest wait.
        const wellAt = told.now;
        for (let i = 0; i < 1000 && told.circuit !== undefined && told.circuit.state !== 'closed'; i++) {
          const { waitMs, probe } = told.ask();
          told.now += waitMs;
          if (probe !== null) told.report({ ok: 1, probe });
        }
        expect(told.circuit?.state ?? 'closed').toBe('closed');
        expect(told.now).toBeLessThanOrEqual(wellAt + longestMs);
      }),
      { numRuns: 500 },
    );
  });

  test('the calls in an outage stay below their bound, and the first good one comes within the cap', () => {
    const anyOutage = record({
      outageMs: integer({ min: 1, max: 3_600_000 }),
      streams: integer({ min: 1, max: 40 }),
      callMs: integer({ min: 1, max: 30_000 }),
    });
    assert(
      property(anySettings, anyOutage, nat(), (change, outage, seed) => {
        // A call cannot outlast its lease: the timeout ends it before.
        const settings = { ...change, leaseMs: Math.max(change.leaseMs, outage.callMs + 1) };
        const { calls, recoveryMs } = liveThrough(outage, settings, seeded(seed));
        expect(calls).toBeLessThanOrEqual(mostCallsInOutage(settings, outage.outageMs, outage.streams));
        // A probe may be out when the partner comes back; it still fails.
        expect(recoveryMs).toBeLessThanOrEqual(settings.capMs + outage.callMs);
      }),
      { numRuns: 300 },
    );
  });

  test('ten minutes down cost eight streams at most 37 calls as usual settings go', () => {
    const outage = { outageMs: 10 * MINUTE, streams: 8, callMs: 200 };
    const runs = Array.from({ length: 200 }, (_, seed) => liveThrough(outage, usualSettings, seeded(seed)));
    expect(mostCallsInOutage(usualSettings, outage.outageMs, outage.streams)).toBe(37);
    expect(Math.max(...runs.map(({ calls }) => calls))).toBeLessThanOrEqual(37);
    expect(Math.max(...runs.map(({ recoveryMs }) => recoveryMs))).toBeLessThanOrEqual(MINUTE + outage.callMs);
  });
});

/** Nine failures and eight successes, shortly before the end of a period. */
function failing(): Told {
  const told = new Told({ streak: 1000 });
  told.now += 50 * SECOND;
  told.fail(9);
  told.now += 5 * SECOND;
  told.report({ ok: 8 });
  return told;
}
