import { z } from 'zod';
import { port, spell, text } from './scalar-shapes.ts';
import { ACCESS_ROLES, AUTH_MODES } from './types.ts';

const TOKEN_NAME = 'a name of letters, digits, dots, @, - and _';
const tokenShape = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._@-]{0,99}$/, TOKEN_NAME)
    .describe('of the person or program; stands in commands as who has asked'),
  role: z
    .enum(ACCESS_ROLES)
    .describe(
      'viewer: sees; operator: also commands and asks for predictions; caller: asks for predictions only',
    ),
  token: text.optional().describe('secret of at least 16 letters'),
  token_file: text.optional().describe('file with the token'),
});
const headerName = z.string().regex(/^[A-Za-z0-9-]+$/, 'a name of a header');
const proxyShape = z.strictObject({
  user_header: headerName.describe('header in which the proxy says who asks'),
  roles_header: headerName
    .optional()
    .describe('header with the groups of who asks; without it everybody is a viewer'),
  operator_group: text.optional().describe('group whose members are operators'),
  trusted: z.array(text).min(1).describe('addresses and ranges from which the headers are believed'),
  hosts: z
    .array(z.string().regex(/^[A-Za-z0-9.-]+(:\d{1,5})?$/, 'HOST or HOST:PORT'))
    .prefault([])
    .describe('names under which browsers reach the proxy'),
});

/** `http`: where the console listens, and who may see and command. */
export const httpShape = z.strictObject({
  host: text
    .prefault('127.0.0.1')
    .describe('address that the console listens on; one that others reach needs auth'),
  port: port.prefault(8080).describe('0: any free one'),
  published: z
    .string()
    .prefault('')
    .describe('address on which the port is published, where the daemon runs in a container; empty: as host'),
  auth: z
    .strictObject({
      mode: z
        .enum(AUTH_MODES)
        .prefault('none')
        .describe('how people and programs prove who they are; none: all are operators'),
      tokens: z.array(tokenShape).prefault([]).describe('one for each person and program'),
      session: spell
        .refine((ms) => ms <= 2_592_000_000, 'at most 30d')
        .prefault('12h')
        .describe('how long a sign-in holds, at most 30d'),
      proxy: proxyShape
        .optional()
        .describe('of the mode proxy: it asks people who they are, and says it in headers'),
    })
    .prefault({})
    .describe('who may see and command'),
});

export type HttpShape = z.output<typeof httpShape>;
