import type { KafkaConfig, Mechanism } from 'kafkajs';
import { TelltaleError } from '../errors.ts';
import { type TokenProvider, type TokenSource, tokenProvider } from './oauth-token.ts';

export type SaslOptions =
  | { mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'; username: string; password: string }
  | { mechanism: 'oauthbearer'; source: TokenSource };

/** What kafkajs takes as `sasl`. */
export type KafkajsSasl = NonNullable<KafkaConfig['sasl']>;

/**
 * Makes what kafkajs takes as `sasl`, a new object at each call: kafkajs writes into it, and the configuration is frozen.
 * All of them share the tokens of OAUTHBEARER, so that a server is asked for one and not for one a connection.
 */
export function saslFactory(sasl: SaslOptions): () => KafkajsSasl {
  if (sasl.mechanism === 'oauthbearer') {
    const token = tokenProvider(sasl.source);
    return () => oauthBearer(token);
  }
  const { mechanism, username, password } = sasl;
  // The type of kafkajs wants one literal mechanism.
  return () => ({ mechanism, username, password }) as KafkajsSasl;
}

/**
 * kafkajs' own OAUTHBEARER does not look at the answer to its token. A broker that refuses the token says so in an
 * answer without an error code (RFC 7628, 3.2.2) and closes the connection only afterwards, so that a wrong
 * token looked like a broker that had gone away.
 */
function oauthBearer(token: TokenProvider): Mechanism {
  return {
    mechanism: 'oauthbearer',
    authenticationProvider: ({ host, port, saslAuthenticate }) => ({
      authenticate: async () => {
        const value = await token();
        const refusal = await saslAuthenticate<string>({
          request: { encode: () => withLength(Buffer.from(`n,,\u0001auth=Bearer ${value}\u0001\u0001`)) },
          response: { decode: (bytes) => bytes.subarray(4), parse: (bytes) => bytes.toString() },
        });
        if (!refusal) return;
        throw new TelltaleError(
          'broker_denied',
          `${host}:${port} refuses the token of SASL OAUTHBEARER: ${refusal}`,
        );
      },
    }),
  };
}

/** As the protocol of Kafka writes bytes. */
function withLength(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
