/**
 * The closed table of error codes. Expected failures of data are values (`DeadLetter`), failures of the
 * surroundings and of configuration are a `TelltaleError`, and a broken assumption of ours is an
 * `assert`, which ends the process: the supervisor restarts it and the rules of the log make that free.
 */

export const ERRORS = {
  config_invalid: 'The configuration has errors; each is listed with file, line and key.',
  config_missing: 'Give the folder that holds telltale.yaml with --config.',
  candidate_missing: 'Give with --candidate a folder that holds telltale.yaml, or the file of one service.',
  candidate_worse: 'Each point in which it is worse is listed; leave out --fail-on to let it pass.',
  model_missing: 'Check the path in `models`; it is relative to the service file.',
  model_mismatch: 'Bind the inputs and outputs that the model file has; `telltale validate` lists them.',
  model_failed: 'The model could not be run; the cause is below.',
  baseline_invalid: 'Build the baseline again with `telltale baseline build`.',
  schema_invalid: 'The Avro schema cannot be parsed; check the file or the registry subject.',
  registry_unavailable: 'Check `registry.url` and that the schema registry runs; reading is retried.',
  broker_unavailable: 'Check `kafka.brokers` and that the brokers run; connecting is retried.',
  broker_denied:
    'Check user, password or token in `kafka.sasl`, and that the broker knows them for this mechanism.',
  broker_untrusted: 'Check `kafka.ssl`: whom this client trusts, and the certificate that it shows itself.',
  token_unavailable: 'Check `kafka.sasl`: where the token comes from, and that this client is known there.',
  codec_missing: 'Run `npm ci` again: the package of this compression codec is not installed.',
  group_failed:
    'The process ends, to be started again. If it happens again: is another program in `kafka.group`, or another process with this `kafka.instance_id`?',
  log_failed: 'Writing to the log failed; the process ends and continues from its last commit.',
  sink_unavailable: 'The receiver is away; results stay in the log and are written when it is back.',
  file_unreadable: 'Check that the file exists and can be read.',
  input_unreadable: 'Check the file format; see `--help` for the formats that are read.',
  topic_missing: 'Create the topic, or correct its name; reading begins when it exists.',
  results_missing:
    'Check --from, --service and the range of time; results are there when `telltale run` has closed a window.',
  replay_refused: 'Each record that was not replayed is listed with its reason.',
  checks_failed: 'Each check that failed is listed with its cure.',
  tests_failed: 'Each test that failed is listed with what was expected and what was found.',
  command_refused: '`telltale rollout status` shows where the roll-out stands.',
  command_unanswered:
    'It is in the log and will be obeyed, at the earliest when the first window of the service has closed; check that `telltale run` runs and does not lag, or give a longer --wait.',
  audit_failed: 'Each fault is listed with its place; `docs/rollouts.md` says what the chain proves.',
  stack_unavailable: 'See the log file named above for what the server said.',
  usage: 'See `--help`.',
} as const;

export type ErrorCode = keyof typeof ERRORS;

/** Codes on dead letters (header `x-error-code`). */
export const DEAD_CODES = {
  too_large: 'longer than limits.message_bytes_max',
  empty: 'no value',
  wire_format: 'no Confluent header: first byte is not 0 or fewer than 5 bytes',
  schema_unknown: 'the registry does not know the schema id',
  schema_incompatible: 'the schema has none of the fields that the service reads',
  avro: 'the Avro bytes are truncated or do not match their schema',
  json: 'not valid JSON',
  otlp: 'not OTLP-JSON metrics',
  event_type: 'a CloudEvent that is neither a request nor a response of KServe',
  protobuf: 'the Protobuf bytes are truncated or no message of the Open Inference Protocol',
  tensors: 'no rows of the Open Inference Protocol',
  id_missing: 'no id, or one of more than 1,024 characters',
  time_missing: 'no event time, or one that cannot be read',
  time_future: 'event time later than the log time stamp plus windows.max_future',
  time_past: 'event time earlier than the log time stamp less windows.max_past',
  output_invalid: 'the label or prediction has the wrong type or an unknown class',
  kind_missing: 'no kind of feedback',
  report_invalid: 'a report of a training without a known service, retrainId or state',
  refused: 'a receiver of a sink refuses the record for good',
  failed: 'a stage threw on this record',
} as const;

export type DeadCode = keyof typeof DEAD_CODES;

/** An error that says what, where and the cure. `help` is one line from the table above. */
export class TelltaleError extends Error {
  readonly code: ErrorCode;
  readonly help: string;
  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'TelltaleError';
    this.code = code;
    this.help = ERRORS[code];
  }
}

/** Ends the caller when one of our own assumptions is broken. Stays on in production. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`);
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
