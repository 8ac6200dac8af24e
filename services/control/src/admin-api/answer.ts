import type { Violation } from '@sallyport/gateway';
import { describe } from '@sallyport/gateway';

/** What a client is told. Without a body the answer is empty. */
export interface Answer {
  readonly status: number;
  readonly body?: unknown;
}

/** Kong's numbers and names of what can be wrong (`reference/gateway.md` 2.3). */
const KINDS = {
  schema: { status: 400, code: 2, name: 'schema violation' },
  primary: { status: 400, code: 3, name: 'primary key violation' },
  foreign: { status: 400, code: 4, name: 'foreign key violation' },
  unique: { status: 409, code: 5, name: 'unique constraint violation' },
  offset: { status: 400, code: 7, name: 'invalid offset' },
  database: { status: 503, code: 8, name: 'database error' },
  size: { status: 400, code: 9, name: 'invalid size' },
  options: { status: 400, code: 11, name: 'invalid options' },
} as const;

export const ok = (body: unknown): Answer => ({ status: 200, body });
export const created = (body: unknown): Answer => ({ status: 201, body });
export const GONE: Answer = { status: 204 };
export const NOT_FOUND: Answer = { status: 404, body: { message: 'Not found' } };
export const NOT_ALLOWED: Answer = { status: 405, body: { message: 'Method not allowed' } };

/** A complaint in Kong's shape; `about` goes where that kind has it. */
export function complaint(
  kind: keyof typeof KINDS,
  message: string,
  about: Readonly<Record<string, unknown>> = {},
): Answer {
  const { status, code, name } = KINDS[kind];
  const where = kind === 'options' ? { options: about } : { fields: about };
  return { status, body: { message, name, code, ...where } };
}

/** What an entity that can't be written is answered with. */
export function refusal(violation: Violation): Answer {
  const message = describe(violation);
  switch (violation.kind) {
    case 'schema':
      return complaint('schema', message, nested(violation.fields));
    case 'unique': {
      const { fields } = violation;
      const names = Object.keys(fields);
      if (names.length === 1 && names[0] === 'id') {
        const text = `primary key violation on key '{id="${fields['id']}"}'`;
        return complaint('primary', text, fields);
      }
      return complaint('unique', message, fields);
    }
    case 'foreign':
      return complaint('foreign', message, { [violation.field]: { id: violation.id } });
    case 'referenced':
      return complaint('foreign', message, { '@referenced_by': violation.by });
    case 'not-found':
      return NOT_FOUND;
  }
}

interface Nested {
  [part: string]: string | string[] | Nested;
}

/** `config.realm: text` → `{config: {realm: text}}`; rules over the whole entity are a list. */
function nested(faults: Readonly<Record<string, string>>): Nested {
  const root: Nested = {};
  for (const [path, text] of Object.entries(faults)) {
    if (path === '@entity') {
      root[path] = [text];
      continue;
    }
    const parts = path.split('.');
    const last = parts.pop() as string;
    let at: Nested | undefined = root;
    for (const part of parts) {
      const inner: Nested[string] | undefined = at[part] ?? {};
      at[part] = inner;
      // The field as a whole is wrong already: that says more.
      if (typeof inner === 'string' || Array.isArray(inner)) {
        at = undefined;
        break;
      }
      at = inner;
    }
    if (at !== undefined) at[last] = text;
  }
  return root;
}
