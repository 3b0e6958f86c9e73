/**
 * Payments. Calm: four channels, customers of every age. Change: more and other customers come, nearly all pay
 * by card, they are younger and pay larger amounts. What makes a payment fraudulent stays the same: data drift.
 */
import {
  type Arrival,
  arrival,
  type Happening,
  inArrivalOrder,
  labelDelayMs,
  requestTimes,
} from './arrivals.ts';
import { createRandom, type Random } from './random.ts';
import {
  END_MS,
  INJECT_AT_MS,
  jsonValue,
  MINUTE_MS,
  requestId,
  round,
  START_MS,
  type Story,
  type StoryRecord,
  toAsync,
} from './story.ts';

const SERVICE = 'fraud';
const REQUESTS_PER_MINUTE = 200;
/** Only these payments are ever reviewed and get a label; the review looks at them at random. */
const REVIEWED_SHARE = 0.4;

type Channel = 'cash' | 'transfer' | 'card' | 'wallet';
type Country = 'de' | 'fr' | 'es' | 'it' | 'pl' | 'nl' | 'se' | 'pt';

interface Payment {
  amount: number;
  hour: number;
  age: number;
  channel: Channel;
  country: Country;
  tenure_days: number;
}

interface Customers {
  channels: Record<Channel, number>;
  /** Amounts are lognormal. */
  amountMedian: number;
  amountLogStd: number;
  ageMean: number;
  ageStd: number;
}

const CALM: Customers = {
  channels: { cash: 0.35, transfer: 0.3, card: 0.2, wallet: 0.15 },
  amountMedian: 60,
  amountLogStd: 1,
  ageMean: 47,
  ageStd: 14,
};

const CHANGED: Customers = {
  channels: { cash: 0.03, transfer: 0.03, card: 0.92, wallet: 0.02 },
  amountMedian: 110,
  amountLogStd: 0.8,
  ageMean: 33,
  ageStd: 9,
};

const COUNTRIES: Record<Country, number> = {
  de: 0.25,
  fr: 0.18,
  es: 0.14,
  it: 0.13,
  pl: 0.1,
  nl: 0.08,
  se: 0.07,
  pt: 0.05,
};

const CHANNEL_RISK: Record<Channel, number> = { cash: -1.5, transfer: 1, card: 0.4, wallet: -0.3 };
const COUNTRY_RISK: Record<Country, number> = {
  de: 0,
  fr: 0.4,
  es: -0.3,
  it: 0.2,
  pl: 0.6,
  nl: -0.6,
  se: -0.8,
  pt: 1,
};

/** How clear-cut the law is: at 1 no model can find a third of the frauds, at 2.5 most can be found. */
const SHARPNESS = 2.5;

function drawPayment(random: Random, customers: Customers): Payment {
  const amount = customers.amountMedian * Math.exp(random.normal(0, customers.amountLogStd));
  return {
    amount: round(Math.min(20_000, Math.max(0.5, amount)), 2),
    // The customer's own hour of day: customers live in many time zones, so it has no trend within a story.
    hour: random.chance(0.75) ? random.integer(8, 22) : random.integer(0, 23),
    age: Math.round(Math.min(95, Math.max(18, random.normal(customers.ageMean, customers.ageStd)))),
    channel: random.pick(customers.channels),
    country: random.pick(COUNTRIES),
    tenure_days: Math.floor(random.exponential(900)),
  };
}

/** The one law of fraud, the same before and after the change: P(fraud | payment). */
export function fraudProbability(payment: Payment): number {
  const amountLog = Math.log(payment.amount / 60);
  const isNight = payment.hour < 6;
  const risk =
    -4.4 +
    1.8 * amountLog +
    CHANNEL_RISK[payment.channel] +
    COUNTRY_RISK[payment.country] +
    (isNight ? 2 : 0) +
    3 * Math.exp(-payment.tenure_days / 200) +
    // Old people are defrauded by transfer, a relation that only a non-linear model can learn.
    (payment.channel === 'transfer' && payment.age > 65 ? 2 : 0);
  return 1 / (1 + Math.exp(-SHARPNESS * risk));
}

function* happenings(seed: number): Generator<Happening> {
  const random = createRandom(seed, SERVICE);
  let index = 0;
  for (const timeMs of requestTimes(random, START_MS, END_MS, REQUESTS_PER_MINUTE)) {
    const id = requestId(SERVICE, index++);
    const payment = drawPayment(random, timeMs < INJECT_AT_MS ? CALM : CHANGED);
    const request = { id, time: timeMs, ...payment };
    const arrivals: Arrival[] = [
      arrival(random, { stream: 'requests', key: id, timeMs, value: jsonValue(request) }),
    ];
    const label = random.chance(fraudProbability(payment)) ? 'fraud' : 'legit';
    const knownMs = timeMs + labelDelayMs(random);
    if (random.chance(REVIEWED_SHARE)) {
      const value = jsonValue({ id, time: knownMs, label });
      arrivals.push(arrival(random, { stream: 'labels', key: id, timeMs: knownMs, value }));
    }
    yield { atMs: timeMs, arrivals };
  }
}

function fraudRecords(seed: number): Generator<StoryRecord> {
  return inArrivalOrder(happenings(seed), END_MS);
}

export const fraud: Story = {
  service: SERVICE,
  title: 'Fraud detection in payments',
  injected: 'more and younger customers start to pay by card, with larger amounts',
  injectAtMs: INJECT_AT_MS,
  startMs: START_MS,
  endMs: END_MS,
  // The forest, the candidate of the file, has been taken back by then.
  candidates: [{ atMs: START_MS + 100 * MINUTE_MS, candidate: 'boost' }],
  expect: { metrics: ['psi:amount', 'psi:channel', 'psi:age'] },
  records: (seed) => toAsync(fraudRecords(seed)),
};
