import Type, { type TUnsafe } from 'typebox';
import { nested } from './nested.ts';

/** A secret in its sealed form. Branded, so that a plain string isn't taken for one; libs/pki makes and opens it. */
export type SealedText = string & { readonly __sealed: never };

/** The services that have a ring of message keys of their own. */
export type SealedReader = 'actions' | 'auth' | 'certs' | 'edge' | 'sessions';

const KEYWORD = 'x-sallyport-sealed';

/**
 * Wire form `sp1.<kid>.<base64url>`: format, id of the reader's key, sealed bytes. 16,384 characters hold a secret of
 * 12 kB. The shape can be checked by everyone, what is in it only by the reader.
 */
const FORM = '^sp1\\.[0-9a-z]{1,16}\\.[A-Za-z0-9_-]{32,16352}$';

/**
 * A field whose content only the service `reader` can open, for as long as its sealer allowed, and only in this field
 * of this message: what it is bound to is {@link sealedFieldContext}.
 */
export function Sealed(reader: SealedReader): TUnsafe<SealedText> {
  return Type.Unsafe<SealedText>({ type: 'string', pattern: FORM, [KEYWORD]: reader });
}

/**
 * What a sealed field is bound to, as associated data for sealing and opening: the message's subject without the
 * prefix, the path of the field as a JSON pointer (`/password`), and the message's id: the id of a job, the idempotency
 * key of an rpc; in an rpc's answer the key of its request.
 */
export function sealedFieldContext(field: { subject: string; path: string; id: string }): string {
  return JSON.stringify([field.subject, field.path, field.id]);
}

/** Paths of a schema's sealed fields, `*` for any index or key, and who reads them. */
export function sealedFields(schema: object): { path: string; reader: SealedReader }[] {
  return nested(schema).flatMap(({ path, schema: field }) => {
    const reader = field[KEYWORD];
    return reader === undefined ? [] : [{ path, reader: reader as SealedReader }];
  });
}
