import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { HistoryAndWorkflowId } from '@temporalio/client';
import { DefaultLogger, Runtime, Worker, type WorkflowBundleOption } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { cachedWorkflowBundle } from '../../services/workflow-bundle.ts';
import { workflowSource } from '../../workers/workflow-source.ts';
import * as workflows from '../../workflows/index.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

// The expected violations would be printed.
Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { forward: {} } } });

/** Real runs, recorded by scripts/record-history.ts: `<workflow>.<state>.json`. */
const folder = join(import.meta.dirname, '../histories');
const files = (await readdir(folder)).filter((file) => file.endsWith('.json')).toSorted();

/** Spans of replays go nowhere. */
const sinks = { exporter: { export: { fn: () => {} } } };

type Errors = ReadonlyMap<string, Error | undefined>;

let built: TemporaryFolder;
let [asTheyAre, traced, changed]: [Errors, Errors, Errors] = [] as never;
beforeAll(async () => {
  // Not kept: what it is built from is in two folders, and its name would tell of changes in one only.
  built = await temporaryFolder();
  const index = join(import.meta.dirname, '../changed/index.ts');
  const bundlePath = process.env['WORKFLOW_BUNDLE'] ?? '';
  [asTheyAre, traced, changed] = await Promise.all([
    replayAll({ codePath: bundlePath }),
    replayAll(
      (workflowSource({ bundlePath, traced: true }) as { workflowBundle: WorkflowBundleOption }).workflowBundle,
    ),
    cachedWorkflowBundle({ cacheDir: built.path, index }).then((codePath) => replayAll({ codePath })),
  ]);
});
afterAll(() => built.remove());

/** What becomes of each file. One worker replays them all: to load a bundle takes longer than a replay. */
async function replayAll(workflowBundle: WorkflowBundleOption): Promise<Errors> {
  const histories = await Promise.all(
    files.map(async (file) => ({
      workflowId: file,
      history: JSON.parse(await readFile(join(folder, file), 'utf8')) as HistoryAndWorkflowId['history'],
    })),
  );
  const errors = new Map<string, Error | undefined>();
  for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle, sinks }, histories))
    errors.set(workflowId, error);
  return errors;
}

test.each(Object.keys(workflows))('there is a recorded run of the workflow %s', (name) => {
  expect(files.filter((file) => file.startsWith(`${name}.`))).not.toHaveLength(0);
});

test.each([
  ['syncPartner.awaited', '"eventType": "EVENT_TYPE_TIMER_FIRED"'],
  ['syncPartner.joined', '"eventType": "EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_FAILED"'],
  ['syncPartner.partial', '"eventType": "EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_FAILED"'],
  ['syncPartner.cancelled', '"eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED"'],
  ['syncStream.cancelled', '"eventType": "EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED"'],
  ['syncStream.continues', '"eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW"'],
  ['syncStream.continued', '"initiator": "CONTINUE_AS_NEW_INITIATOR_WORKFLOW"'],
  ['syncStream.deferred', '"eventType": "EVENT_TYPE_TIMER_FIRED"'],
  ['syncStream.failed', '"eventType": "EVENT_TYPE_ACTIVITY_TASK_FAILED"'],
  ['syncStream.retried', '"attempt": 3'],
  ['syncPartner.governed', '"name": "tellOfWork"'],
  ['syncStream.governed', '"name": "noteWait"'],
  ['syncStream.woken', '"signalName": "goOn"'],
  ['syncStream.unheard', '"eventType": "EVENT_TYPE_TIMER_CANCELED"'],
  ['syncStream.answered', '"signalName": "goOn"'],
  ['syncStream.unstopped', '"eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW"'],
  ['syncStream.stopped', '"eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED"'],
  ['backfillStream.ok', '"eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED"'],
  ['backfillStream.unpaused', '"signalName": "pause"'],
  ['backfillStream.repaused', '"markerName": "core_patch"'],
  ['backfillStream.partial', '"eventType": "EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_FAILED"'],
  ['backfillStream.refused', '"eventType": "EVENT_TYPE_ACTIVITY_TASK_FAILED"'],
  ['backfillStream.paused', '"signalName": "resume"'],
  ['backfillStream.paused', '"eventType": "EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_CANCELED"'],
  ['backfillStream.cancelled', '"eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED"'],
  ['backfillStream.continues', '"eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW"'],
  ['backfillStream.continued', '"initiator": "CONTINUE_AS_NEW_INITIATOR_WORKFLOW"'],
  ['syncStream.paused', '"signalName": "goOn"'],
  ['syncPartner.aside', '"signalName": "pauses"'],
  ['scheduledSync.ok', '"name": "planScheduled"'],
  ['scheduledSync.joined', '"name": "runOutcome"'],
  ['scheduledSync.failed', '"eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_FAILED"'],
  ['scheduledSync.cancelled', '"eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED"'],
  ['rebuildTarget.ok', '"name": "rebuildTarget"'],
  ['rebuildTarget.refused', '"eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED"'],
  ['compareTarget.clean', '"name": "compareTarget"'],
  ['compareTarget.differs', '"name": "compareTarget"'],
  ['compareTarget.cancelled', '"name": "breakComparison"'],
  ['scheduledCompare.ok', '"name": "planScheduledCompare"'],
  ['scheduledCompare.partial', '"name": "compareOutcome"'],
  ['prunePartner.ok', '"name": "pruneStream"'],
  ['watchAlerts.continues', '"eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW"'],
  ['deliverAlert.ok', '"eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED"'],
  ['followHints.ok', '"name": "fetchHints"'],
  ['followHints.ok', '"eventType": "EVENT_TYPE_TIMER_FIRED"'],
  ['reconcileStream.clean', '"name": "compareListing"'],
  ['reconcileStream.differs', '"name": "confirmFindings"'],
  ['reconcileStream.synced', '"name": "confirmFindings"'],
  ['reconcileStream.asked', '"name": "askKeys"'],
  ['reconcileStream.unheard', '"eventType": "EVENT_TYPE_TIMER_FIRED"'],
  ['reconcileStream.told', '"eventType": "EVENT_TYPE_TIMER_CANCELED"'],
  ['reconcileStream.cancelled', '"eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED"'],
  ['repairStream.ok', '"name": "closeRepair"'],
  ['retryStream.ok', '"name": "closeRetry"'],
  ['retryStream.failed', '"eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_FAILED"'],
  ['governPartner.paused', '"signalName": "throttled"'],
  ['governPartner.quiet', '"eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED"'],
  ['governPartner.continues', '"eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW"'],
  ['applyTarget.ok', '"signalName": "committed"'],
  ['applyTarget.ok', '"eventType": "EVENT_TYPE_TIMER_FIRED"'],
  ['applyTarget.paused', '"eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED"'],
  ['applyTarget.unresumed', '"signalName": "goOn"'],
  ['applyTarget.resumed', '"markerName": "core_patch"'],
  ['applyTarget.attention', '"signalName": "goOn"'],
  ['applyTarget.cancelled', '"eventType": "EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED"'],
  ['applyTarget.continues', '"eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW"'],
  ['applyTarget.continued', '"initiator": "CONTINUE_AS_NEW_INITIATOR_WORKFLOW"'],
  ['governPartner.continued', '"initiator": "CONTINUE_AS_NEW_INITIATOR_WORKFLOW"'],
])('the recorded run %s went where its name says', async (name, sign) => {
  expect(await readFile(join(folder, `${name}.json`), 'utf8')).toContain(sign);
});

describe.each(files)('%s', (file) => {
  test('replays on the workflows as they are', () => {
    expect([...asTheyAre]).toContainEqual([file, undefined]);
    // A worker that traces goes on with runs of one that did not.
    expect([...traced]).toContainEqual([file, undefined]);
  });

  test('does not replay on changed workflows', () => {
    expect(changed.get(file)).toBeInstanceOf(DeterminismViolationError);
  });

  test('tells nothing of the machine it was recorded on', async () => {
    const text = await readFile(join(folder, file), 'utf8');
    expect(text).not.toMatch(/file:|node_modules|"stackTrace":"[^"]|\/(home|root|work|Users|tmp)\//);
    const identities = [...text.matchAll(/"identity": ?"([^"]*)"/g)].map(([, identity]) => identity);
    expect(new Set(identities)).toEqual(new Set(['syncline']));
  });
});
