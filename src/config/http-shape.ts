import { z } from 'zod';
import { port, spell, text } from './scalar-shapes.ts';
import { ACCESS_ROLES, AUTH_MODES } from './types.ts';

const TOKEN_NAME = 'a name of letters, digits, dots, @, - and _';
const tokenShape = z.strictObject({
  /** Stands in commands as who has asked. */
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._@-]{0,99}$/, TOKEN_NAME),
  role: z.enum(ACCESS_ROLES),
  token: text.optional(),
  token_file: text.optional(),
});
const headerName = z.string().regex(/^[A-Za-z0-9-]+$/, 'a name of a header');
const proxyShape = z.strictObject({
  user_header: headerName,
  roles_header: headerName.optional(),
  operator_group: text.optional(),
  trusted: z.array(text).min(1),
  hosts: z.array(z.string().regex(/^[A-Za-z0-9.-]+(:\d{1,5})?$/, 'HOST or HOST:PORT')).prefault([]),
});

/** `http`: where the console listens, and who may see and command. */
export const httpShape = z.strictObject({
  host: text.prefault('127.0.0.1'),
  port: port.prefault(8080),
  /** Empty: as `host`. */
  published: z.string().prefault(''),
  auth: z
    .strictObject({
      mode: z.enum(AUTH_MODES).prefault('none'),
      tokens: z.array(tokenShape).prefault([]),
      session: spell.refine((ms) => ms <= 2_592_000_000, 'at most 30d').prefault('12h'),
      proxy: proxyShape.optional(),
    })
    .prefault({}),
});

export type HttpShape = z.output<typeof httpShape>;
