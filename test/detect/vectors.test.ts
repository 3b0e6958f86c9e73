import { describe, expect, test } from 'vitest';
import { ADWIN } from '../../src/detect/adwin.ts';
import { DDM } from '../../src/detect/ddm.ts';
import type { DetectorKind, Options } from '../../src/detect/detector.ts';
import { EDDM } from '../../src/detect/eddm.ts';
import { HDDM_A } from '../../src/detect/hddm-a.ts';
import { HDDM_W } from '../../src/detect/hddm-w.ts';
import { PAGE_HINKLEY } from '../../src/detect/page-hinkley.ts';
import { absent, run, streams } from './support.ts';

/** Names of the file, without what stands in parentheses. */
const KINDS: Record<string, DetectorKind> = {
  PageHinkley: PAGE_HINKLEY,
  ADWIN,
  DDM,
  EDDM,
  HDDM_A,
  HDDM_W,
};
const MODES: Record<string, number> = { up: 1, down: -1, both: 0 };
const NAMES: Record<string, string> = { lambda_val: 'lambda' };

function optionsIn(params: Record<string, number | string> | null): Options {
  const entries = Object.entries(params ?? {}).map(([name, value]) =>
    name === 'mode' ? ['direction', MODES[value]!] : [NAMES[name] ?? name, value],
  );
  return Object.fromEntries(entries);
}

describe.skipIf(streams === null)(`published alarms${absent}`, () => {
  test('every detector of the file is here', () => {
    const named = new Set((streams?.expected ?? []).map(({ detector }) => detector.split(' ')[0]));
    expect([...named].sort()).toEqual(Object.keys(KINDS).sort());
  });

  test.each((streams?.expected ?? []).map((one) => [one.detector, one.stream, one] as const))(
    '%s on %s',
    (name, stream, { params, alarms, warnings_first }) => {
      const found = run(KINDS[name.split(' ')[0]!]!, streams!.streams[stream]!, optionsIn(params));
      expect(found.alarms).toEqual(alarms);
      if (warnings_first !== undefined) expect(found.warnings).toEqual(warnings_first);
    },
  );

  // The examples in the documentation of River 0.22, whose stream is river_bin.
  test('examples of River', () => {
    const { river_bin } = streams!.streams;
    expect(run(HDDM_W, river_bin!)).toEqual({ alarms: [1077], warnings: [451] });
    expect(run(EDDM, river_bin!, { alpha: 0.8, beta: 0.75 })).toEqual({ alarms: [1278], warnings: [1059] });
  });
});
