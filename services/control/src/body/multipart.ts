import { Busboy } from '@fastify/busboy';
import type { Pair } from './form-text.ts';

const MOST_FIELDS = 1000;
const MOST_NAME_BYTES = 1024;

/**
 * The fields of a body `multipart/form-data` (RFC 7578). Files are fields as well: curl's `-F config.body=@page.html`.
 * Undefined when it can't be read, is cut off, or has more than 1,000 fields. `bytes` bounds the size of a value.
 */
export function parseMultipart(
  contentType: string,
  bytes: Uint8Array,
): Promise<Pair[] | undefined> {
  const { promise, resolve } = Promise.withResolvers<Pair[] | undefined>();
  const refuse = () => resolve(undefined);
  let parser: Busboy;
  try {
    parser = new Busboy({
      headers: { 'content-type': contentType },
      limits: {
        fieldNameSize: MOST_NAME_BYTES,
        fieldSize: bytes.length,
        fields: MOST_FIELDS,
        parts: MOST_FIELDS,
        headerPairs: 16,
      },
      isPartAFile: () => false,
    });
  } catch {
    return Promise.resolve(undefined); // no boundary
  }
  const pairs: Pair[] = [];
  parser.on('field', (name, value, nameCut, valueCut) => {
    if (typeof name !== 'string' || nameCut || valueCut) refuse();
    else pairs.push([name, value]);
  });
  parser.on('fieldsLimit', refuse);
  parser.on('partsLimit', refuse);
  parser.on('error', refuse);
  parser.on('finish', () => resolve(pairs));
  parser.end(Buffer.from(bytes));
  // All of it is in memory, so whatever the parser still has to do it does before the next turn of the event loop. Of some
  // bodies that are cut off in a part's head it never says that they ended.
  setImmediate(refuse);
  return promise;
}
