/**
 * Search by voice; another system transcribes, searches and answers, Telltale only watches. Change: a bad update
 * of the transcription. More searches find nothing, users redo them or go back to typing, and click less.
 */
import { type Arrival, arrival, type Happening, inArrivalOrder, requestTimes } from './arrivals.ts';
import { createRandom, type Random } from './random.ts';
import {
  END_MS,
  INJECT_AT_MS,
  jsonValue,
  requestId,
  round,
  START_MS,
  type Story,
  type StoryRecord,
  toAsync,
} from './story.ts';
import { SCRAPE_MS, scrapeHosts } from './voice-telemetry.ts';

const SERVICE = 'voice-search';
const REQUESTS_PER_MINUTE = 100;
const ERROR_SHARE = 0.002;

/** How well a search was understood; `none` finds nothing. */
type Heard = 'well' | 'poorly' | 'none';
/** As the watched system calls what a user did. */
type Reaction = 'click' | 'redo' | 'typed' | 'nothing';

const CALM: Record<Heard, number> = { well: 0.91, poorly: 0.06, none: 0.03 };
const CHANGED: Record<Heard, number> = { well: 0.6, poorly: 0.25, none: 0.15 };

const REACTIONS: Record<Heard, Record<Reaction, number>> = {
  well: { click: 0.62, redo: 0.03, typed: 0.02, nothing: 0.33 },
  poorly: { click: 0.15, redo: 0.3, typed: 0.15, nothing: 0.4 },
  none: { click: 0, redo: 0.4, typed: 0.35, nothing: 0.25 },
};

/** Mean confidence of the recogniser; it knows when it heard badly, but not always. */
const SCORE_MEAN: Record<Heard, number> = { well: 0.86, poorly: 0.62, none: 0.35 };

const LOCALES = { 'en-GB': 0.3, 'en-US': 0.25, 'de-DE': 0.2, 'fr-FR': 0.15, 'es-ES': 0.1 };
const DEVICES = { phone: 0.55, speaker: 0.2, car: 0.15, tv: 0.1 };
const WORDS = (
  'weather near me open pizza play jazz how far is the moon train to berlin tomorrow cheap flights red shoes ' +
  'news today call dentist football score recipe for lentil soup nearest pharmacy translate good morning'
).split(' ');

function drawQuery(random: Random): string {
  const words: string[] = [];
  const count = 1 + Math.min(7, Math.floor(random.exponential(2.5)));
  for (let i = 0; i < count; i++) words.push(random.among(WORDS));
  return words.join(' ');
}

function drawRequest(random: Random, id: string, timeMs: number): Arrival {
  const request = {
    id,
    time: timeMs,
    query: drawQuery(random),
    locale: random.pick(LOCALES),
    device: random.pick(DEVICES),
    noise_db: round(random.normal(48, 9), 1),
  };
  return arrival(random, { stream: 'requests', key: id, timeMs, value: jsonValue(request) });
}

/** The answer of the watched system; it arrives after its request, later by its latency. */
function drawPrediction(random: Random, id: string, heard: Heard, request: Arrival): Arrival {
  const latencyMs = round(60 + 110 * Math.exp(random.normal(0, 0.45)), 1);
  const failed = random.chance(ERROR_SHARE);
  const document = `doc-${random.integer(1, 9_999)}`;
  const score = round(Math.min(0.999, Math.max(0.01, random.normal(SCORE_MEAN[heard], 0.08))), 3);
  const timeMs = request.record.timeMs + Math.ceil(latencyMs);
  const prediction = {
    id,
    time: timeMs,
    result: failed || heard === 'none' ? null : document,
    score,
    latency_ms: latencyMs,
    ...(failed ? { error: 'upstream timeout' } : {}),
  };
  const arriveMs = request.arriveMs + Math.ceil(latencyMs);
  return { arriveMs, record: { stream: 'predictions', key: id, timeMs, value: jsonValue(prediction) } };
}

/** What the user did some seconds after the answer, or null. */
function drawFeedback(random: Random, id: string, heard: Heard, answerMs: number): Arrival | null {
  const kind = random.pick(REACTIONS[heard]);
  const timeMs = answerMs + 3_500 + Math.floor(Math.min(60_000, random.exponential(8_000)));
  if (kind === 'nothing') return null;
  return arrival(random, {
    stream: 'feedback',
    key: id,
    timeMs,
    value: jsonValue({ id, time: timeMs, kind }),
  });
}

function* happenings(seed: number): Generator<Happening> {
  const random = createRandom(seed, SERVICE);
  const hosts = createRandom(seed, `${SERVICE}/telemetry`);
  let scrapeAtMs = START_MS + SCRAPE_MS;
  let requestsSinceScrape = 0;
  let index = 0;
  for (const timeMs of requestTimes(random, START_MS, END_MS, REQUESTS_PER_MINUTE)) {
    for (; scrapeAtMs <= timeMs; scrapeAtMs += SCRAPE_MS) {
      const perMinute = (requestsSinceScrape * 60_000) / SCRAPE_MS;
      yield scrapeHosts(hosts, scrapeAtMs, perMinute / REQUESTS_PER_MINUTE);
      requestsSinceScrape = 0;
    }
    requestsSinceScrape++;
    const id = requestId(SERVICE, index++);
    const heard = random.pick(timeMs < INJECT_AT_MS ? CALM : CHANGED);
    const request = drawRequest(random, id, timeMs);
    const prediction = drawPrediction(random, id, heard, request);
    const feedback = drawFeedback(random, id, heard, prediction.record.timeMs);
    yield { atMs: timeMs, arrivals: feedback ? [request, prediction, feedback] : [request, prediction] };
  }
}

function voiceSearchRecords(seed: number): Generator<StoryRecord> {
  return inArrivalOrder(happenings(seed), END_MS);
}

export const voiceSearch: Story = {
  service: SERVICE,
  title: 'Search by voice',
  injected: 'a bad update of the transcription: 15 % of the searches find nothing',
  injectAtMs: INJECT_AT_MS,
  startMs: START_MS,
  endMs: END_MS,
  expect: {
    metrics: ['null_rate:result', 'redo_rate', 'switch_to_typing_rate', 'click_through_rate'],
  },
  records: (seed) => toAsync(voiceSearchRecords(seed)),
};
