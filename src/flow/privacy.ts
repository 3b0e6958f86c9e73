/**
 * What leaves the process of the values of sensitive inputs. Models and checks see them as they came; from then on there are stand-ins: equal
 * values have equal ones, so that everything is counted as it would be.
 */

import { createCipheriv, createDecipheriv } from 'node:crypto';
import { categoryHasher, derivedKey, keyedHash } from '../config/privacy.ts';
import { parsePath, valueAt } from '../decode/paths.ts';
import { assert, TelltaleError } from '../errors.ts';
import { CELL_OK, type Column, type InputSpec, type ServiceSpec } from '../records.ts';
import { standInOf } from './stand-ins.ts';

/** Hashes that are kept; more different categories are hashed anew. */
const HASHES_MAX = 100_000;
const CIPHER = 'aes-256-gcm';
const VERSION = 1;
const IV_BYTES = 12;
const TAG_BYTES = 16;
/** The field of a request that is sealed. */
const SEALED = '$sealed';

export interface Privacy {
  /** The columns, in the order of the service's inputs, with stand-ins where an input is sensitive. */
  protect(spec: Pick<ServiceSpec, 'inputs'>, columns: readonly Column[]): Column[];
  /** A request with its sensitive fields sealed, for people who may hold the key. */
  sealFields(spec: Pick<ServiceSpec, 'inputs'>, request: unknown): unknown;
  /** Version, nonce, tag and AES-256-GCM of the bytes; the same bytes give the same. */
  seal(bytes: Buffer): Buffer;
  /** Throws a TelltaleError where it was sealed with another key, or changed. */
  open(sealed: Buffer): Buffer;
  hash(text: string): string;
  /** In the place of a digest of a whole request, from which its fields could be guessed; 64 hex digits. */
  digest(digest: string): string;
}

export const hasSensitive = ({ inputs }: Pick<ServiceSpec, 'inputs'>): boolean =>
  inputs.some(({ sensitive }) => sensitive === true);

/** Texts of models and parsers may quote a value. */
export const causeShown = (spec: Pick<ServiceSpec, 'inputs'> | undefined, cause: string): string =>
  spec !== undefined && hasSensitive(spec) ? 'not shown, since the service has sensitive inputs' : cause;

export function privacyOf({ privacy }: { privacy: { secret: string } | null }): Privacy | null {
  return privacy === null ? null : createPrivacy(privacy.secret);
}

export function createPrivacy(secret: string): Privacy {
  const texts = derivedKey(secret, 'texts');
  const sealing = derivedKey(secret, 'sealing');
  const nonces = derivedKey(secret, 'nonces');
  const digests = derivedKey(secret, 'digests');
  const hashOf = categoryHasher(secret);
  const hashes = new Map<string, string>();
  const hash = (text: string): string => {
    let found = hashes.get(text);
    if (found === undefined) {
      found = hashOf(text);
      if (hashes.size >= HASHES_MAX) hashes.clear();
      hashes.set(text, found);
    }
    return found;
  };

  const seal = (bytes: Buffer): Buffer => {
    // Made of the bytes, so that a record that is written again is the same, and no nonce stands for two contents.
    const iv = keyedHash(nonces, bytes).subarray(0, IV_BYTES);
    const cipher = createCipheriv(CIPHER, sealing, iv);
    const body = Buffer.concat([cipher.update(bytes), cipher.final()]);
    return Buffer.concat([Buffer.of(VERSION), iv, cipher.getAuthTag(), body]);
  };

  const protectColumn = (input: InputSpec, column: Column): Column => {
    if (input.sensitive !== true) return column;
    switch (column.kind) {
      case 'numeric': {
        const values = column.values.map((value, row) =>
          column.state[row] === CELL_OK ? coarse(value, input.range) : 0,
        );
        return { ...column, values };
      }
      case 'categorical':
        return { ...column, dictionary: column.dictionary.map(hash) };
      case 'text':
        return { ...column, values: column.values.map((text) => standInOf(text, keyedHash(texts, text))) };
      case 'embedding':
        return { ...column, values: column.values.map((value) => coarse(value, null)) };
      case 'image':
        // Only measures of it go on, such as its brightness.
        return column;
    }
  };

  const sealField = (request: object, { from, name }: InputSpec): void => {
    const path = parsePath(from || name);
    const parent = path.length === 1 ? request : valueAt(request, path.slice(0, -1));
    const field = path.at(-1)!;
    if (typeof parent !== 'object' || parent === null || !Object.hasOwn(parent, field)) return;
    const holder = parent as Record<string, unknown>;
    const text = JSON.stringify(holder[field]) ?? 'null';
    holder[field] = { [SEALED]: seal(Buffer.from(text)).toString('base64') };
  };

  return {
    hash,
    seal,
    digest: (digest) => keyedHash(digests, digest).toString('hex'),
    protect: ({ inputs }, columns) =>
      hasSensitive({ inputs }) ? columns.map((column, i) => protectColumn(inputs[i]!, column)) : [...columns],
    sealFields({ inputs }, request) {
      if (!hasSensitive({ inputs }) || typeof request !== 'object' || request === null) return request;
      const copy = structuredClone(request);
      for (const input of inputs) if (input.sensitive === true) sealField(copy, input);
      return copy;
    },
    open(sealed) {
      const [iv, tag, body] = partsOf(sealed);
      const decipher = createDecipheriv(CIPHER, sealing, iv);
      decipher.setAuthTag(tag);
      try {
        return Buffer.concat([decipher.update(body), decipher.final()]);
      } catch (cause) {
        const message =
          'the bytes were sealed with another privacy.key, or were changed; give the key of then';
        throw new TelltaleError('replay_refused', message, { cause });
      }
    },
  };
}

function partsOf(sealed: Buffer): [iv: Buffer, tag: Buffer, body: Buffer] {
  const bodyAt = 1 + IV_BYTES + TAG_BYTES;
  if (sealed.length < bodyAt || sealed[0] !== VERSION)
    throw new TelltaleError('replay_refused', 'the bytes are not sealed as this version does it');
  return [sealed.subarray(1, 1 + IV_BYTES), sealed.subarray(1 + IV_BYTES, bodyAt), sealed.subarray(bodyAt)];
}

const DIGITS = 3;

/**
 * A number to three digits: a distribution keeps its form to half a percent, and a salary or an account is that of many. What is outside the range is told to be so, and
 * not how far.
 */
export function coarse(value: number, range: readonly [number, number] | null): number {
  const rounded = Number(value.toPrecision(DIGITS));
  if (range === null || !Number.isFinite(value)) return rounded;
  const [low, high] = range;
  const beyond = (high - low) / 100;
  assert(beyond > 0, 'a range has a width');
  if (value > high) return high + beyond;
  if (value < low) return low - beyond;
  return Math.min(high, Math.max(low, rounded));
}
