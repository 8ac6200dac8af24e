/** acme-client, loaded when the first certificate is ordered: it takes a quarter of a second. */
export async function library() {
  return await import('acme-client');
}
