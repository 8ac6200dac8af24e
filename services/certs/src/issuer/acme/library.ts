/**
 * acme-client, loaded when the first certificate is ordered: it takes a quarter of a second.
 *
 * It brings the package reflect-metadata, which takes whatever has `Reflect.getMetadata` for a whole provider of metadata and
 * asks it for keys. The three functions that `@sallyport/pki` puts there are none; who had loaded it first couldn't load this.
 * That provider has no keys to tell: what it holds was used while its own library loaded.
 */
export async function library() {
  if ('getMetadata' in Reflect && !('getOwnMetadataKeys' in Reflect)) {
    Object.assign(Reflect, { getOwnMetadataKeys: () => [] });
  }
  return await import('acme-client');
}
