/**
 * Checks that are repeated while a version is rolled out (a failure rate below 1 %, a probe that answers), with limits on how often they may fail: the counters and the
 * order of outcomes are those of Argo Rollouts' AnalysisRun (`assessMetricStatus`). A limit is what may happen, not what must not: `failures: 3` fails with the fourth.
 */

export type Measurement = 'successful' | 'failed' | 'inconclusive' | 'error';
export type AnalysisPhase = 'running' | 'successful' | 'failed' | 'inconclusive' | 'error';

export interface AnalysisSpec {
  name: string;
  /** It is measured and told, and changes nothing. */
  dryRun: boolean;
  /** How many measurements there are; null: without end. Those that could not be made do not count. */
  count: number | null;
  failureLimit: number;
  inconclusiveLimit: number;
  /** In a row. */
  errorLimit: number;
  /** So many successes in a row are enough; null: they never are. */
  successLimit: number | null;
}

export const ANALYSIS_DEFAULTS: Omit<AnalysisSpec, 'name'> = {
  dryRun: false,
  count: null,
  failureLimit: 0,
  inconclusiveLimit: 0,
  errorLimit: 4,
  successLimit: null,
};

export interface AnalysisState {
  successful: number;
  failed: number;
  inconclusive: number;
  errors: number;
  successesInRow: number;
  errorsInRow: number;
}

export const createAnalysis = (): AnalysisState => ({
  successful: 0,
  failed: 0,
  inconclusive: 0,
  errors: 0,
  successesInRow: 0,
  errorsInRow: 0,
});

/** The state after one more measurement; one whose phase is not `running` stays as it is. */
export function measure(spec: AnalysisSpec, state: AnalysisState, seen: Measurement): AnalysisState {
  if (analysisPhase(spec, state) !== 'running') return state;
  switch (seen) {
    case 'successful':
      return {
        ...state,
        successful: state.successful + 1,
        successesInRow: state.successesInRow + 1,
        errorsInRow: 0,
      };
    case 'failed':
      return { ...state, failed: state.failed + 1, successesInRow: 0, errorsInRow: 0 };
    case 'inconclusive':
      return { ...state, inconclusive: state.inconclusive + 1, successesInRow: 0, errorsInRow: 0 };
    case 'error':
      return { ...state, errors: state.errors + 1, successesInRow: 0, errorsInRow: state.errorsInRow + 1 };
  }
}

export function analysisPhase(spec: AnalysisSpec, state: AnalysisState): AnalysisPhase {
  if (state.errorsInRow > spec.errorLimit) return 'error';
  if (state.inconclusive > spec.inconclusiveLimit) return 'inconclusive';
  if (state.failed > spec.failureLimit) return 'failed';
  if (spec.successLimit !== null && state.successesInRow >= spec.successLimit) return 'successful';
  const made = state.successful + state.failed + state.inconclusive;
  if (spec.count === null || made < spec.count) return 'running';
  // All were made, and the successes in a row that were asked for did not come.
  return spec.successLimit === null ? 'successful' : 'inconclusive';
}

const WORST_LAST: readonly AnalysisPhase[] = ['successful', 'running', 'inconclusive', 'error', 'failed'];

/** The worst phase of all that count; `successful` without any. */
export const worstPhase = (phases: readonly (readonly [AnalysisSpec, AnalysisPhase])[]): AnalysisPhase =>
  phases.reduce<AnalysisPhase>(
    (worst, [{ dryRun }, phase]) =>
      !dryRun && WORST_LAST.indexOf(phase) > WORST_LAST.indexOf(worst) ? phase : worst,
    'successful',
  );
