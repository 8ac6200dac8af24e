import { parseFormText } from './form-text.ts';
import { formTree } from './form-tree.ts';
import { parseMultipart } from './multipart.ts';
import { objectionTo } from './plain.ts';

/** A body that was read, or what the client is told. */
export type Decoded =
  /** `form`: all of it is text, and still has to get its types. */
  | { readonly ok: true; readonly form: boolean; readonly value: unknown }
  /** 415 has no message: the answer is empty. */
  | { readonly ok: false; readonly status: 400 | 415; readonly message?: string };

const refuse = (message: string): Decoded => ({ ok: false, status: 400, message });
const strict = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads a body by its type: JSON, or a form of either kind. No body at all is an empty form. What comes out holds
 * plain values only, at most 32 deep, and no key `__proto__`.
 */
export async function decodeBody(
  contentType: string | undefined,
  bytes: Uint8Array,
): Promise<Decoded> {
  if (bytes.length === 0) return { ok: true, form: true, value: {} };
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase();
  switch (type) {
    case 'application/json':
      return decodeJson(bytes);
    case 'application/x-www-form-urlencoded':
      return decodeForm(parseFormText(bytes));
    case 'multipart/form-data':
      return decodeForm(await parseMultipart(contentType as string, bytes));
    default:
      return { ok: false, status: 415 };
  }
}

function decodeJson(bytes: Uint8Array): Decoded {
  let value: unknown;
  try {
    value = JSON.parse(strict.decode(bytes));
  } catch {
    return refuse('Cannot parse JSON body');
  }
  const objection = objectionTo(value);
  return objection === undefined ? { ok: true, form: false, value } : refuse(objection);
}

function decodeForm(pairs: Awaited<ReturnType<typeof parseMultipart>>): Decoded {
  if (pairs === undefined) return refuse('Cannot parse form body');
  const tree = formTree(pairs);
  if (!tree.ok) return refuse(`Cannot parse form body: ${tree.fault}`);
  const objection = objectionTo(tree.value);
  return objection === undefined ? { ok: true, form: true, value: tree.value } : refuse(objection);
}
