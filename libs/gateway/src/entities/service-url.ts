import type { Faults } from '../violation.ts';

/** What `url` stands for in a service. */
export interface ServiceAddress {
  readonly protocol: 'http' | 'https';
  readonly host: string;
  readonly port: number;
  readonly path: string | null;
}

/**
 * Expands the shorthand `url` of a service: `http://mockbin.org/request` → protocol, host, port and path. Without a
 * path in the text there is none: `http://a` has path null, `http://a/` has `/`.
 */
export function expandServiceUrl(url: unknown): ServiceAddress | { readonly faults: Faults } {
  const refuse = (text: string) => ({ faults: { url: text } });
  if (typeof url !== 'string') return refuse('expected a string');
  const parsed = URL.parse(url);
  if (parsed === null) return refuse(`'${url}' is not an absolute URL`);
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') {
    return refuse(`expected http:// or https://, got '${parsed.protocol}//'`);
  }
  // A password must not be repeated in a complaint, so this one names no value.
  if (parsed.username !== '' || parsed.password !== '')
    return refuse('credentials have no place here');
  if (parsed.search !== '' || parsed.hash !== '')
    return refuse('a query or fragment has no place here');
  const protocol = parsed.protocol === 'https:' ? 'https' : 'http';
  const bare = /^[a-z]+:\/\/[^/]*$/i.test(url.trim());
  return {
    protocol,
    host: parsed.hostname,
    port: parsed.port === '' ? (protocol === 'https' ? 443 : 80) : Number(parsed.port),
    path: bare ? null : parsed.pathname,
  };
}
