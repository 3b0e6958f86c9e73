/** A service whose inputs are all sensitive but one, and its records. */

import { stringify } from 'yaml';
import {
  BROKEN,
  COMPONENT,
  DIAGNOSIS,
  HEADER,
  KEY,
  NATION,
  NOTE,
  OUT_OF_RANGE,
  SALARY,
  SHORT,
} from './secrets.ts';

export const START_MS = Date.parse('2026-01-05T00:00:00Z');
const WINDOW_MS = 60_000;
export const WINDOWS = 6;
export const PER_WINDOW = 60;
const DISTRICTS = ['centre', 'north', 'east', 'south', 'west', 'harbour'];
export const SERVICE = 'loans';

/** @param model the linear model of the demo, which takes four numbers and six districts */
export const serviceOf = (model: string, topic: string) => ({
  service: SERVICE,
  streams: { requests: { topic: `${topic}.requests` }, labels: { topic: `${topic}.labels` } },
  inputs: {
    salary: { type: 'numeric', range: [0, 10_000_000], sensitive: true },
    district: { type: 'categorical', categories: DISTRICTS },
    nation: { type: 'categorical', categories: [NATION, 'Utopia'], sensitive: true },
    diagnosis: { type: 'categorical', sensitive: true },
    note: { type: 'text', from: 'free.note', sensitive: true },
    face: { type: 'embedding', dimensions: 3, sensitive: true },
  },
  outputs: { price: { type: 'regressor', tolerance: 1000 } },
  models: [
    {
      name: 'linear',
      role: 'primary',
      file: model,
      inputs: { X: ['salary', 'salary', 'salary', 'salary', { input: 'district', one_hot: DISTRICTS }] },
      outputs: { price: { value: 'variable' } },
    },
  ],
  segments: [['diagnosis'], ['nation', 'district']],
  windows: { size: '1m', lateness: '1s', idle_after: '2s', max_future: '10m' },
  join: { max_delay: '2m' },
  baseline: '../baseline.json',
  rules: [
    {
      name: 'drift',
      metric: 'psi',
      subject: '*',
      segment: 'each',
      min_n: 5,
      warning: '> 0.05',
      critical: '> 0.1',
    },
    {
      name: 'wealth',
      metric: 'mean',
      subject: 'salary',
      segment: `diagnosis=${DIAGNOSIS}`,
      min_n: 1,
      warning: '> 1',
    },
    { name: 'volume', metric: 'volume', critical: '> 1' },
  ],
  retrain: { on: ['drift', 'volume'], mode: 'manual', cooldown: '1m', lookback: '1m' },
});

export const serviceYaml = (model: string, topic: string): string => stringify(serviceOf(model, topic));

export interface Sent {
  stream: 'requests' | 'labels';
  key: string | null;
  value: string;
  headers?: Record<string, string>;
}

const isPlanted = (i: number, window: number): boolean => i % (window < 3 ? 20 : 3) === 0;

/** The fields of a request; every so many have the secrets, later more of them, so that something has moved. */
export function requestOf(id: string, i: number, window: number, timeMs: number): Record<string, unknown> {
  const planted = isPlanted(i, window);
  return {
    id,
    time: timeMs,
    salary: planted ? (i % 2 === 0 ? SALARY : OUT_OF_RANGE) : 20_000 + 100 * (i % 50),
    district: DISTRICTS[i % DISTRICTS.length],
    nation: planted ? NATION : 'Utopia',
    diagnosis: planted ? DIAGNOSIS : `usual-${i % 3}`,
    free: { note: planted ? NOTE : `nothing to say ${i % 7}` },
    face: planted ? [COMPONENT, COMPONENT, COMPONENT] : [i % 5, 1, 0],
  };
}

/** All records of a window, the broken ones included. */
export function recordsOf(window: number, startMs = START_MS): Sent[] {
  const sent: Sent[] = [];
  for (let i = 0; i < PER_WINDOW; i++) {
    const id = `r${window}-${i}`;
    const timeMs = startMs + window * WINDOW_MS + i * 900;
    const request = requestOf(id, i, window, timeMs);
    sent.push({ stream: 'requests', key: id, value: JSON.stringify(request) });
    sent.push({ stream: 'labels', key: id, value: JSON.stringify({ id, time: timeMs, price: i }) });
  }
  const whole = requestOf(`b${window}`, 0, window, startMs + window * WINDOW_MS);
  const headers = { 'x-patient': HEADER };
  sent.push(
    { stream: 'requests', key: KEY, value: `${BROKEN} { "note": "${NOTE}" `, headers },
    { stream: 'requests', key: KEY, value: SHORT },
    {
      stream: 'requests',
      key: null,
      value: JSON.stringify({ ...whole, id: undefined, note: BROKEN }),
      headers,
    },
    { stream: 'requests', key: KEY, value: JSON.stringify({ ...whole, time: BROKEN }), headers },
    { stream: 'labels', key: KEY, value: `{"id":"b${window}","price":"${BROKEN}"}`, headers },
  );
  return sent;
}
