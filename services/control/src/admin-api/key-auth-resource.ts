import { randomBytes } from 'node:crypto';
import { type KeyAuth, keyAuths } from '@sallyport/gateway';
import Type from 'typebox';
import { type Resource, withReferences } from './resource.ts';

const KEY_BYTES = 24;

const { key_digest: _, ...properties } = keyAuths.schema.properties;
const Shape = Type.Object({
  ...properties,
  key: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 512,
      description: 'Made when it is left out. Only read in the answer that made it.',
    }),
  ),
});

/** Keys of consumers. The key is in no answer but the one that makes the credential; what is kept is its digest. */
export function keyAuthResource(digestKey: (key: string) => string): Resource {
  return {
    type: keyAuths,
    path: 'key-auths',
    one: 'key-auth',
    shape: Shape,
    keyField: 'key',
    keyOf: digestKey,
    formSchema: () => Shape,
    read(input, whole) {
      const { key: given, ...rest } = withReferences(keyAuths, input);
      if (Object.hasOwn(rest, 'key_digest')) {
        return { ok: false, faults: { key_digest: 'unknown field' } };
      }
      const missing = given === undefined || given === null;
      if (missing && !whole) return { ok: true, fields: rest };
      const key = missing ? randomBytes(KEY_BYTES).toString('base64url') : given;
      if (typeof key !== 'string') return { ok: false, faults: { key: 'expected a string' } };
      if (key.length > 512) return { ok: false, faults: { key: 'length must be at most 512' } };
      const fields = { ...rest, key_digest: digestKey(key) };
      return whole ? { ok: true, fields, once: { key } } : { ok: true, fields };
    },
    show(entity) {
      const { key_digest: _digest, ...shown } = entity as KeyAuth;
      return shown;
    },
  };
}
