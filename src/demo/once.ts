/** The demo without a wall clock: all stories as fast as they go, and what was found in them. */

import type { Alert, Append, Retrain, RolloutRecord } from '../records.ts';
import type { Story } from './stories/story.ts';
import type { World } from './world.ts';

/** Records appended before the folds run; small enough that streams of a story stay in step. */
const CHUNK = 1_000;

export interface StoryOutcome {
  service: string;
  injected: string;
  injectedAt: number;
  /** End of the window of the first firing alert that saw the change; null: not detected. */
  detectedAt: number | null;
  /** `metric of subject` of that alert; '' when there is none. */
  detectedBy: string;
  /** Firing alerts on windows that ended before the change: false alarms. */
  alertsBefore: number;
  alertsAfter: number;
  /** Requests for retraining. */
  retrainEvents: number;
  records: number;
  /** Steps of roll-outs, in their order. */
  rollouts: RolloutRecord[];
}

export function outcomeOf(
  story: Story,
  alerts: readonly Alert[],
  retrains: readonly Retrain[],
  rollouts: RolloutRecord[],
  records: number,
): StoryOutcome {
  const firing = alerts
    .filter((alert) => alert.state === 'firing')
    .sort((a, b) => a.windowEndMs - b.windowEndMs);
  const after = firing.filter((alert) => alert.windowEndMs > story.injectAtMs);
  const first = after[0];
  return {
    service: story.service,
    injected: story.injected,
    injectedAt: story.injectAtMs,
    detectedAt: first?.windowEndMs ?? null,
    detectedBy: first === undefined ? '' : `${first.metric} of ${first.subject || 'the service'}`,
    alertsBefore: firing.length - after.length,
    alertsAfter: after.length,
    retrainEvents: new Set(retrains.map((retrain) => retrain.retrainId)).size,
    records,
    rollouts,
  };
}

/** Runs the stories one after the other and closes every window; `onProgress` gets records done so far. */
export async function runOnce(
  world: World,
  stories: readonly Story[],
  seed: number,
  onProgress: (records: number) => void,
): Promise<StoryOutcome[]> {
  const counts = new Map<string, number>();
  const alerts: Alert[] = [];
  const retrains: Retrain[] = [];
  const rollouts: RolloutRecord[] = [];
  let total = 0;
  const collect = async (): Promise<void> => {
    await world.embedded.pump();
    const found = await world.published();
    alerts.push(...found.alerts);
    retrains.push(...found.retrains);
    rollouts.push(...found.rollouts);
    onProgress(total);
  };
  for (const story of stories) {
    let batch: Append[] = [];
    const candidates = [...(story.candidates ?? [])];
    for await (const record of story.records(seed)) {
      while (candidates[0] !== undefined && record.timeMs >= candidates[0].atMs) {
        await world.embedded.append(batch);
        batch = [];
        await collect();
        await world.rollOut(story.service, candidates.shift()!.candidate);
      }
      batch.push(world.appendOf(story.service, record));
      counts.set(story.service, (counts.get(story.service) ?? 0) + 1);
      total++;
      if (batch.length < CHUNK) continue;
      await world.embedded.append(batch);
      batch = [];
      await collect();
    }
    await world.embedded.append(batch);
    await collect();
  }
  await world.embedded.end();
  await collect();
  return stories.map((story) =>
    outcomeOf(
      story,
      alerts.filter((alert) => alert.service === story.service),
      retrains.filter((retrain) => retrain.service === story.service),
      rollouts.filter((rollout) => rollout.service === story.service),
      counts.get(story.service) ?? 0,
    ),
  );
}
