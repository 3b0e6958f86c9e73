import { beforeAll, describe, expect, it } from 'vitest';
import { fraud, fraudProbability } from '../../src/demo/stories/fraud.ts';
import { housePrice, housing, PRICE_RISE } from '../../src/demo/stories/housing.ts';
import { voiceSearch } from '../../src/demo/stories/voice-search.ts';
import {
  type Body,
  field,
  ksDistance,
  ksLimit,
  mean,
  share,
  shareDistance,
  split,
  type Told,
  tell,
} from './support.ts';

/** Passed once in thousands of comparisons of two samples of these sizes. */
const SHARE_DISTANCE_MAX = 0.025;

function expectSameNumbers(calm: Body[], changed: Body[], name: string): void {
  const distance = ksDistance(field(calm, name), field(changed, name));
  expect(distance, name).toBeLessThan(ksLimit(calm.length, changed.length));
}

describe('fraud', () => {
  let told: Told;
  beforeAll(async () => {
    told = await tell(fraud, 5);
  });

  it('lets younger customers pay more, and by card', () => {
    const { calm, changed } = split(fraud, told, told.bodies.requests);
    expect(share(calm, ({ channel }) => channel === 'card')).toBeCloseTo(0.2, 1);
    expect(share(changed, ({ channel }) => channel === 'card')).toBeGreaterThan(0.9);
    expect(mean(field(calm, 'age')) - mean(field(changed, 'age'))).toBeGreaterThan(10);
    const logs = (bodies: Body[]) => field(bodies, 'amount').map(Math.log);
    expect(mean(logs(changed)) - mean(logs(calm))).toBeCloseTo(Math.log(110 / 60), 1);
  });

  it('leaves the other inputs as they were', () => {
    const { calm, changed } = split(fraud, told, told.bodies.requests);
    expectSameNumbers(calm, changed, 'hour');
    expectSameNumbers(calm, changed, 'tenure_days');
    expect(shareDistance(calm, changed, 'country')).toBeLessThan(SHARE_DISTANCE_MAX);
  });

  it('keeps the law of fraud: labels are as likely as the law says, before and after', () => {
    const labels = split(fraud, told, told.bodies.labels);
    for (const part of [labels.calm, labels.changed]) {
      const requests = part.map(({ id }) => told.requests.get(id)!);
      const expected = mean(requests.map((request) => fraudProbability(request as never)));
      const found = share(part, ({ label }) => label === 'fraud');
      expect(Math.abs(found - expected)).toBeLessThan(
        4 * Math.sqrt((expected * (1 - expected)) / part.length),
      );
    }
  });

  it('reviews four payments in ten, after ten minutes on average and half an hour at most', () => {
    const { calm } = split(fraud, told, told.bodies.labels);
    const calmRequests = split(fraud, told, told.bodies.requests).calm;
    expect(calm.length / calmRequests.length).toBeCloseTo(0.4, 1);
    const delays = calm.map(({ id, time }) => (time - told.requests.get(id)!.time) / 60_000);
    expect(mean(delays)).toBeGreaterThan(8.5);
    expect(mean(delays)).toBeLessThan(10.5);
    expect(Math.max(...delays)).toBeLessThan(30);
  });
});

describe('housing', () => {
  let told: Told;
  beforeAll(async () => {
    told = await tell(housing, 5);
  });

  it('raises every price by a quarter, from the request on', () => {
    const labels = split(housing, told, told.bodies.labels);
    const ratios = (bodies: Body[]) =>
      bodies.map(({ id, price }) => (price as number) / housePrice(told.requests.get(id) as never));
    expect(mean(ratios(labels.calm))).toBeCloseTo(1, 2);
    expect(mean(ratios(labels.changed))).toBeCloseTo(PRICE_RISE, 2);
    expect(Math.min(...ratios(labels.changed))).toBeGreaterThan(1);
  });

  it('leaves the houses as they were', () => {
    const { calm, changed } = split(housing, told, told.bodies.requests);
    for (const name of ['rooms', 'area_m2', 'age_years', 'distance_km'])
      expectSameNumbers(calm, changed, name);
    expect(shareDistance(calm, changed, 'district')).toBeLessThan(SHARE_DISTANCE_MAX);
  });
});

describe('voice-search', () => {
  let told: Told;
  beforeAll(async () => {
    told = await tell(voiceSearch, 5);
  });

  it('finds nothing five times as often', () => {
    const { calm, changed } = split(voiceSearch, told, told.bodies.predictions);
    const nulls = [calm, changed].map((part) => share(part, ({ result }) => result === null));
    expect(Math.abs(nulls[0]! - 0.032)).toBeLessThan(0.007);
    expect(Math.abs(nulls[1]! - 0.152)).toBeLessThan(0.018);
  });

  it('makes users redo, type and click less', () => {
    const searches = split(voiceSearch, told, told.bodies.requests);
    const feedback = split(voiceSearch, told, told.bodies.feedback);
    const rate = (part: 'calm' | 'changed', kind: string) =>
      feedback[part].filter((body) => body.kind === kind).length / searches[part].length;
    expect(rate('changed', 'redo')).toBeGreaterThan(2 * rate('calm', 'redo'));
    expect(rate('changed', 'typed')).toBeGreaterThan(2 * rate('calm', 'typed'));
    expect(rate('changed', 'click')).toBeLessThan(rate('calm', 'click') - 0.1);
  });

  it('leaves requests, latencies and failures as they were', () => {
    const { calm, changed } = split(voiceSearch, told, told.bodies.requests);
    expectSameNumbers(calm, changed, 'noise_db');
    const lengths = (bodies: Body[]) => bodies.map(({ query }) => (query as string).length);
    expect(ksDistance(lengths(calm), lengths(changed))).toBeLessThan(ksLimit(calm.length, changed.length));
    expect(shareDistance(calm, changed, 'locale')).toBeLessThan(SHARE_DISTANCE_MAX);
    expect(shareDistance(calm, changed, 'device')).toBeLessThan(SHARE_DISTANCE_MAX);
    const answers = split(voiceSearch, told, told.bodies.predictions);
    expectSameNumbers(answers.calm, answers.changed, 'latency_ms');
    for (const part of [answers.calm, answers.changed]) {
      expect(share(part, ({ error }) => error !== undefined)).toBeLessThan(0.005);
    }
  });
});
