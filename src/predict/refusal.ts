/** Why a request is not answered: what goes back to the caller, and nothing of what the caller has sent. */

export const REFUSALS = {
  off: 404,
  unknown_service: 404,
  method: 405,
  foreign: 403,
  bad_body: 400,
  bad_input: 400,
  too_large: 413,
  unsupported_type: 415,
  not_an_image: 415,
  no_models: 409,
  no_requests: 409,
  avro_requests: 501,
  model_failed: 500,
  failed: 500,
  starting: 503,
  stopping: 503,
  busy: 503,
  log_away: 503,
} as const;

export type RefusalCode = keyof typeof REFUSALS;

/** Seconds after which a caller should try again. */
const RETRY_AFTER_S: Partial<Record<RefusalCode, number>> = {
  starting: 5,
  stopping: 5,
  busy: 1,
  log_away: 5,
};

/** Thrown on the way from a request to its answer; the route makes the response of it. */
export class Refusal extends Error {
  readonly code: RefusalCode;
  readonly cure: string;
  constructor(code: RefusalCode, message: string, cure: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'Refusal';
    this.code = code;
    this.cure = cure;
  }
  get status(): number {
    return REFUSALS[this.code];
  }
  get retryAfterS(): number | null {
    return RETRY_AFTER_S[this.code] ?? null;
  }
}
