import { z } from 'zod';
import { text } from './scalar-shapes.ts';

/** `kafka.ssl` where it is more than true or false. */
export const tlsShape = z.strictObject({
  ca_file: text.optional().describe('certificates (PEM) of the authorities that are trusted instead'),
  cert_file: text.optional().describe('certificate (PEM) that Telltale shows'),
  key_file: text.optional().describe('its key (PEM)'),
  key_passphrase: text.optional().describe('opens the key'),
  key_passphrase_file: text.optional().describe('file with the passphrase'),
  server_name: text
    .optional()
    .describe("name that the brokers' certificates must have; by default the broker's address"),
});

const byPassword = {
  username: text.describe('user of plain and scram'),
  password: text.optional().describe('of the user'),
  password_file: text.optional().describe('file with the password'),
};
const MECHANISM = 'how Telltale proves to the brokers who it is';
/** A slash at the end is part of the address: servers tell `/token` from `/token/`. */
const tokenUrl = z
  .string()
  .regex(/^https?:\/\/[^\s/@]+(\/[^\s@]*)?$/, 'a URL such as https://auth.example/oauth2/token');

/** `kafka.sasl`. Which keys go together is checked when it is read, so that each fault has its own line. */
export const saslShape = z.discriminatedUnion('mechanism', [
  z.strictObject({ mechanism: z.literal('plain').describe(MECHANISM), ...byPassword }),
  z.strictObject({ mechanism: z.literal('scram-sha-256').describe(MECHANISM), ...byPassword }),
  z.strictObject({ mechanism: z.literal('scram-sha-512').describe(MECHANISM), ...byPassword }),
  z.strictObject({
    mechanism: z.literal('oauthbearer').describe(MECHANISM),
    token: text.optional().describe('token of oauthbearer, which is sent as it is'),
    token_file: text.optional().describe('file with the token, read again for each connection'),
    token_url: tokenUrl.optional().describe('where tokens are fetched: OAuth 2.0 client credentials'),
    client_id: text.optional().describe('client that asks for tokens'),
    client_secret: text.optional().describe('of the client'),
    client_secret_file: text.optional().describe('file with the secret of the client'),
    scope: text.optional().describe('scope that is asked for; by default none'),
  }),
]);

export type TlsShape = z.output<typeof tlsShape>;
export type SaslShape = z.output<typeof saslShape>;
