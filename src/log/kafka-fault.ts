/** Why no connection to a broker comes about, in words that tell what to change. */
import { messageOf, TelltaleError } from '../errors.ts';
import type { KafkaLogOptions } from './kafka-client.ts';
import type { SaslOptions } from './kafka-sasl.ts';

/** An error of kafkajs or of a socket; each has some of these. */
interface Cause {
  name: string;
  message: string;
  code?: string;
  type?: string;
  broker?: string;
}

const TRUST_CODES = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'INVALID_CA',
]);

/**
 * `broker_denied`: the broker does not accept who we are; `broker_untrusted`: we do not accept the broker, or it wants a
 * certificate of ours; `token_unavailable`: there is no token to show. These stay until somebody changes
 * something. Everything else is `broker_unavailable`. No text holds a secret.
 */
export function brokerFault(error: unknown, options: KafkaLogOptions): TelltaleError {
  const causes = causesOf(error);
  const own = causes.find((cause) => cause instanceof TelltaleError) as TelltaleError | undefined;
  const at = causes.find(({ broker }) => broker)?.broker ?? options.brokers.join(', ');
  const found = own ?? deniedBy(causes, at, options.sasl) ?? untrustedBy(causes, at, options);
  if (found) return clean(found.code, found.message, options, error);
  const hint = hintOf(causes, options);
  const message = `no broker answers at ${options.brokers.join(', ')}: ${messageOf(error)}${hint}`;
  return clean('broker_unavailable', message, options, error);
}

/** Whether only a change of the configuration or of the broker can help, and not waiting. */
export function isRefusal(error: TelltaleError): boolean {
  return ['broker_denied', 'broker_untrusted', 'token_unavailable'].includes(error.code);
}

function causesOf(error: unknown): Cause[] {
  const causes: Cause[] = [];
  // kafkajs may name an error as its own cause.
  for (let at = error; at instanceof Error && !causes.includes(at) && causes.length < 10; at = at.cause)
    causes.push(at);
  return causes;
}

type Found = { code: TelltaleError['code']; message: string } | null;

function deniedBy(causes: Cause[], at: string, sasl: SaslOptions | null | undefined): Found {
  if (!sasl) return null;
  const mechanism = sasl.mechanism.toUpperCase();
  const code = 'broker_denied';
  for (const { name, type, message } of causes) {
    if (name === 'KafkaJSSASLAuthenticationError') {
      const who = 'username' in sasl ? ` as user '${sasl.username}'` : '';
      const said = message.replace(/^SASL .*? failed: /, '');
      return { code, message: `${at} refuses SASL ${mechanism}${who}: ${said}` };
    }
    if (type === 'UNSUPPORTED_SASL_MECHANISM')
      return { code, message: `${at} does not offer SASL ${mechanism} (kafka.sasl.mechanism)` };
    if (type === 'ILLEGAL_SASL_STATE') {
      const cure = 'take the port of the listener with SASL, or leave kafka.sasl out';
      return { code, message: `${at} wants no SASL on this port: ${cure}` };
    }
  }
  return null;
}

function untrustedBy(causes: Cause[], at: string, options: KafkaLogOptions): Found {
  const code = 'broker_untrusted';
  for (const { code: reason = '', message } of causes) {
    const said = message.replace(/^Connection error: /, '');
    if (TRUST_CODES.has(reason)) {
      const cure = 'name the certificate of the authority that signed it in kafka.ssl.ca_file';
      return { code, message: `the certificate of ${at} is not trusted (${said}): ${cure}` };
    }
    if (/^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/.test(reason))
      return { code, message: `the certificate of ${at} is not valid now: ${said}` };
    if (reason === 'ERR_TLS_CERT_ALTNAME_INVALID') {
      const cure = 'give a name of the certificate in kafka.brokers or kafka.ssl.server_name';
      return { code, message: `the certificate of ${at} is for another name (${said}): ${cure}` };
    }
    if (options.ssl && /certificate required|bad certificate|handshake failure|unknown ca/i.test(said)) {
      const cure = 'it may want a certificate of ours: kafka.ssl.cert_file and key_file';
      return { code, message: `${at} refuses TLS with this client (${said}): ${cure}` };
    }
  }
  return null;
}

/** What the ways look like in which a client and a listener misunderstand each other. */
function hintOf(causes: Cause[], options: KafkaLogOptions): string {
  const isClosed = causes.some(({ name }) => name === 'KafkaJSConnectionClosedError');
  if (isClosed && !options.ssl)
    return '; a listener with TLS answers a client without TLS like this, see kafka.ssl';
  if (isClosed && !options.sasl)
    return '; a listener with SASL answers a client without SASL like this, see kafka.sasl';
  const isNoTls = causes.some(({ message }) =>
    /before secure TLS connection|wrong version number/i.test(message),
  );
  return isNoTls ? '; a listener without TLS answers a client with TLS like this, see kafka.ssl' : '';
}

/** What others say may repeat what was sent to them. */
function clean(
  code: TelltaleError['code'],
  message: string,
  options: KafkaLogOptions,
  cause: unknown,
): TelltaleError {
  let text = message;
  for (const secret of secretsOf(options.sasl)) text = text.replaceAll(secret, '***');
  return new TelltaleError(code, text, { cause });
}

function secretsOf(sasl: SaslOptions | null | undefined): string[] {
  if (!sasl) return [];
  if (sasl.mechanism !== 'oauthbearer') return [sasl.password].filter(isTelling);
  const { source } = sasl;
  if (source.kind === 'token') return [source.token].filter(isTelling);
  return source.kind === 'client' ? [source.clientSecret].filter(isTelling) : [];
}

/** Taking every `a` out of a text would tell that the password is `a`. */
function isTelling(secret: string): boolean {
  return secret.length >= 4;
}
