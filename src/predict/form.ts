/** Reads `multipart/form-data`, by the platform's own parser: the body is bounded and whole already. */

import type { Upload } from './record.ts';
import { Refusal } from './refusal.ts';

/** Parts of a form. An object-detection upload has two or three; many thousands take the event loop a second. */
const PARTS_MAX = 1_000;
const CURE = 'send multipart/form-data as `curl -F` does, with the boundary in the header content-type';

export interface Form {
  fields: [name: string, text: string][];
  files: Upload[];
}

/** Throws `bad_body` for what is no form. */
export async function readForm(contentType: string, body: Buffer): Promise<Form> {
  const boundary = /;\s*boundary=(?:"([^"]+)"|([^\s;]+))/i.exec(contentType);
  const mark = `--${boundary?.[1] ?? boundary?.[2] ?? ''}`;
  if (boundary === null || countOf(body, mark) > PARTS_MAX)
    throw new Refusal(
      'bad_body',
      boundary === null ? 'the form has no boundary' : 'the form has too many parts',
      CURE,
    );
  let data: FormData;
  try {
    data = await new Response(body, { headers: { 'content-type': contentType } }).formData();
  } catch {
    throw new Refusal('bad_body', 'the body is no form that can be read', CURE);
  }
  const form: Form = { fields: [], files: [] };
  for (const [name, value] of data) {
    if (typeof value === 'string') form.fields.push([name, value]);
    else form.files.push({ name, bytes: Buffer.from(await value.arrayBuffer()) });
  }
  return form;
}

/** Counts up to one more than allowed. */
function countOf(body: Buffer, mark: string): number {
  let count = 0;
  for (let at = body.indexOf(mark); at >= 0 && count <= PARTS_MAX; at = body.indexOf(mark, at + mark.length))
    count++;
  return count;
}
