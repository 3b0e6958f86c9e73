/**
 * Houses for sale. Change: every price rises by a quarter while the houses stay the same. No input shows it;
 * it is seen when the sale prices arrive: concept drift.
 */
import { arrival, type Happening, inArrivalOrder, labelDelayMs, requestTimes } from './arrivals.ts';
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

const SERVICE = 'housing';
const REQUESTS_PER_MINUTE = 60;
/** Houses asked about from `injectAtMs` on are sold at this multiple of the old price. */
export const PRICE_RISE = 1.25;
/** What buyers and sellers add to the price by their mood: standard deviation of its logarithm. */
const PRICE_LOG_STD = 0.05;

type District = 'centre' | 'north' | 'east' | 'south' | 'west' | 'harbour';

interface House {
  rooms: number;
  area_m2: number;
  age_years: number;
  distance_km: number;
  district: District;
}

const DISTRICTS: Record<District, number> = {
  centre: 0.15,
  north: 0.22,
  east: 0.2,
  south: 0.18,
  west: 0.17,
  harbour: 0.08,
};

const DISTRICT_FACTOR: Record<District, number> = {
  centre: 1.3,
  north: 1,
  east: 0.82,
  south: 1.08,
  west: 0.95,
  harbour: 1.45,
};

function drawHouse(random: Random): House {
  const area = Math.min(320, Math.max(22, 95 * Math.exp(random.normal(0, 0.4))));
  return {
    rooms: Math.min(9, Math.max(1, Math.round(area / 27 + random.normal(0, 0.7)))),
    area_m2: round(area, 1),
    age_years: Math.min(140, Math.floor(random.exponential(35))),
    distance_km: round(Math.min(40, 0.3 + random.exponential(7)), 1),
    district: random.pick(DISTRICTS),
  };
}

/** The calm price of a house, without the mood of its buyer. */
export function housePrice(house: House): number {
  const size = 3_400 * house.area_m2 ** 0.95 + 6_000 * house.rooms;
  const age = 0.7 + 0.3 * Math.exp(-house.age_years / 30);
  const distance = 0.65 + 0.45 * Math.exp(-house.distance_km / 8);
  return size * age * distance * DISTRICT_FACTOR[house.district];
}

function* happenings(seed: number): Generator<Happening> {
  const random = createRandom(seed, SERVICE);
  let index = 0;
  for (const timeMs of requestTimes(random, START_MS, END_MS, REQUESTS_PER_MINUTE)) {
    const id = requestId(SERVICE, index++);
    const house = drawHouse(random);
    const rise = timeMs < INJECT_AT_MS ? 1 : PRICE_RISE;
    const price = Math.round(housePrice(house) * Math.exp(random.normal(0, PRICE_LOG_STD)) * rise);
    const soldMs = timeMs + labelDelayMs(random);
    const request = jsonValue({ id, time: timeMs, ...house });
    const label = jsonValue({ id, time: soldMs, price });
    yield {
      atMs: timeMs,
      arrivals: [
        arrival(random, { stream: 'requests', key: id, timeMs, value: request }),
        arrival(random, { stream: 'labels', key: id, timeMs: soldMs, value: label }),
      ],
    };
  }
}

function housingRecords(seed: number): Generator<StoryRecord> {
  return inArrivalOrder(happenings(seed), END_MS);
}

export const housing: Story = {
  service: SERVICE,
  title: 'Prices of houses',
  injected: 'all prices rise by 25 % while the houses stay the same',
  injectAtMs: INJECT_AT_MS,
  startMs: START_MS,
  endMs: END_MS,
  expect: { metrics: ['mae:price'] },
  records: (seed) => toAsync(housingRecords(seed)),
};
