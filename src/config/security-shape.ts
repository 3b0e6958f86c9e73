import { z } from 'zod';
import { text } from './scalar-shapes.ts';

/** `kafka.ssl` where it is more than true or false. */
export const tlsShape = z.strictObject({
  ca_file: text.optional(),
  cert_file: text.optional(),
  key_file: text.optional(),
  key_passphrase: text.optional(),
  key_passphrase_file: text.optional(),
  server_name: text.optional(),
});

const byPassword = { username: text, password: text.optional(), password_file: text.optional() };
/** A slash at the end is part of the address: servers tell `/token` from `/token/`. */
const tokenUrl = z
  .string()
  .regex(/^https?:\/\/[^\s/@]+(\/[^\s@]*)?$/, 'a URL such as https://auth.example/oauth2/token');

/** `kafka.sasl`. Which keys go together is checked when it is read, so that each fault has its own line. */
export const saslShape = z.discriminatedUnion('mechanism', [
  z.strictObject({ mechanism: z.literal('plain'), ...byPassword }),
  z.strictObject({ mechanism: z.literal('scram-sha-256'), ...byPassword }),
  z.strictObject({ mechanism: z.literal('scram-sha-512'), ...byPassword }),
  z.strictObject({
    mechanism: z.literal('oauthbearer'),
    token: text.optional(),
    token_file: text.optional(),
    token_url: tokenUrl.optional(),
    client_id: text.optional(),
    client_secret: text.optional(),
    client_secret_file: text.optional(),
    scope: text.optional(),
  }),
]);

export type TlsShape = z.output<typeof tlsShape>;
export type SaslShape = z.output<typeof saslShape>;
